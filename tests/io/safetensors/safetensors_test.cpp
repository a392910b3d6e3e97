#include <ATen/Context.h>
#include <expandnet/io/safetensors/safetensors.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "files.h"
#include "io/dtypes.h"
#include "io/safetensors/safetensors_file.h"

namespace expandnet::testing {
namespace {

class SafetensorsDtypes : public ::testing::TestWithParam<Dtype> {};

TEST_P(SafetensorsDtypes, ComeBackAsTheyWereWritten) {
  const ScratchFolder folder;
  const auto path = folder / "x.safetensors";
  Weights weights;
  for (const auto& shape : std::vector<std::vector<std::int64_t>>{
           {}, {0}, {1}, {3, 0, 2}, {5}, {2, 3, 4}}) {
    const auto name = std::to_string(weights.tensors.size());
    weights.tensors.emplace_back(name, sample(GetParam().type, shape));
  }

  write_safetensors(weights, path);
  const auto read = read_safetensors(path);

  ASSERT_EQ(read.tensors.size(), weights.tensors.size());
  for (const auto& [name, tensor] : weights.tensors) {
    EXPECT_TRUE(same_elements(tensor_of(read, name), tensor)) << name;
  }
  EXPECT_NE(content_of(path).find("\"dtype\":\"" + GetParam().name + "\""),
            std::string::npos);
}

TEST_P(SafetensorsDtypes, AreCopiedWhereTheyAreNotAligned) {
  const ScratchFolder folder;
  const auto path = folder / "x.safetensors";
  const auto tensor = sample(GetParam().type, {3});
  for (const auto padding : {0, 1, 2, 4}) {
    const auto end = std::to_string(tensor.nbytes());
    auto json = "{" + json_of("t", GetParam().name, "[3]", "[0," + end + "]");
    while (json.size() % 8 != 7) json += ' ';
    json += "}" + std::string(static_cast<std::size_t>(padding), ' ');
    write_bytes(path, safetensors_file(json, bytes_of(tensor)));

    const auto read = tensor_of(read_safetensors(path), "t");

    EXPECT_TRUE(same_elements(read, tensor));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(read.data_ptr()) %
                  tensor.element_size(),
              0);
  }
}

INSTANTIATE_TEST_SUITE_P(Io, SafetensorsDtypes,
                         ::testing::ValuesIn(safetensors_dtypes()),
                         [](const auto& dtype) { return dtype.param.name; });

/// Writes the tensor and reads it again.
at::Tensor read_back(const at::Tensor& tensor) {
  const ScratchFolder folder;
  write_safetensors({{{"t", tensor}}, {}}, folder / "x.safetensors");
  return tensor_of(read_safetensors(folder / "x.safetensors"), "t");
}

TEST(Safetensors, PacksTensorsOfAnyStrides) {
  const auto images = sample(at::kFloat, {2, 3, 4, 5});
  const std::vector<at::Tensor> tensors = {
      images.contiguous(at::MemoryFormat::ChannelsLast),
      images.transpose(0, 3),
      images.slice(2, 1, 4, 2),
      images.select(1, 2),
      sample(at::kFloat8_e4m3fn, {4, 5}).t(),
      sample(at::kUInt16, {1, 5}).expand({3, 5})};
  for (const auto& tensor : tensors) {
    const auto read = read_back(tensor);

    EXPECT_TRUE(read.is_contiguous());
    EXPECT_TRUE(same_elements(read, tensor.contiguous())) << tensor.strides();
  }
}

TEST(Safetensors, WritesWhatLazyViewsStandFor) {
  const auto z = sample(at::kComplexFloat, {3});

  const auto conjugate = read_back(z.conj());
  const auto negative = read_back(at::imag(z.conj()));

  EXPECT_TRUE(conjugate.equal(at::complex(at::real(z), at::imag(z).neg())));
  EXPECT_TRUE(negative.equal(at::imag(z).neg()));
}

TEST(Safetensors, WritesParameters) {
  const auto weight = sample(at::kFloat, {2, 2}).requires_grad_();

  const auto read = read_back(weight * 2);

  EXPECT_TRUE(read.equal(weight.detach() * 2));
  EXPECT_FALSE(read.requires_grad());
}

TEST(Safetensors, WritesTensorsOfTheGpu) {
  if (!at::hasCUDA()) GTEST_SKIP() << "no CUDA device";
  const auto tensor = sample(at::kBFloat16, {4, 6});

  const auto read = read_back(tensor.to(at::kCUDA).t());

  EXPECT_TRUE(read.device().is_cpu());
  EXPECT_TRUE(same_elements(read, tensor.t().contiguous()));
}

TEST(Safetensors, WritesSharedStorageOncePerName) {
  const ScratchFolder folder;
  const auto tied = sample(at::kFloat, {4});

  write_safetensors({{{"a", tied}, {"b", tied}}, {}}, folder / "x");
  const auto read = read_safetensors(folder / "x");

  tensor_of(read, "a").zero_();
  EXPECT_TRUE(tensor_of(read, "b").equal(tied));
}

TEST(Safetensors, KeepsMetadataAndOddNames) {
  const ScratchFolder folder;
  Weights weights;
  weights.metadata = {{"", "é"}, {"quoted \"\\\n", std::string("\0", 1)}};
  weights.tensors = {{"", at::ones({1})}, {"a/é\"\x7f", at::zeros({2})}};

  write_safetensors(weights, folder / "x");
  const auto read = read_safetensors(folder / "x");

  EXPECT_EQ(read.metadata, weights.metadata);
  EXPECT_TRUE(tensor_of(read, "").equal(at::ones({1})));
  EXPECT_TRUE(tensor_of(read, "a/é\"\x7f").equal(at::zeros({2})));
}

TEST(Safetensors, OrdersTensorsByDtypeThenName) {
  const ScratchFolder folder;
  const Weights weights = {{{"b", sample(at::kBool, {3})},
                            {"c", sample(at::kHalf, {1})},
                            {"e", sample(at::kFloat, {3})},
                            {"d", sample(at::kFloat, {2})},
                            {"a", sample(at::kLong, {1})}},
                           {}};
  auto reversed = weights;
  std::reverse(reversed.tensors.begin(), reversed.tensors.end());

  write_safetensors(weights, folder / "x");
  write_safetensors(reversed, folder / "y");

  std::string names;
  for (const auto& named : read_safetensors(folder / "x").tensors) {
    names += named.first;
  }
  EXPECT_EQ(names, "adecb");
  EXPECT_EQ(content_of(folder / "x"), content_of(folder / "y"));
}

TEST(Safetensors, WritesTheFormatByteByByte) {
  const ScratchFolder folder;

  write_safetensors({{{"w", at::tensor({1.0F, -2.0F})}}, {{"k", "v"}}},
                    folder / "x");
  write_safetensors({}, folder / "empty");

  EXPECT_EQ(content_of(folder / "x"),
            safetensors_file("{\"__metadata__\":{\"k\":\"v\"}," +
                                 json_of("w", "F32", "[2]", "[0,8]") + "} ",
                             std::string("\0\0\x80\x3f\0\0\0\xc0", 8)));
  EXPECT_EQ(content_of(folder / "empty"), safetensors_file("{}      ", ""));
  EXPECT_TRUE(read_safetensors(folder / "empty").tensors.empty());
}

TEST(Safetensors, ReadsTensorsThatMayBeWrittenTo) {
  const ScratchFolder folder;
  const auto path = folder / "x.safetensors";
  write_safetensors({{{"t", at::ones({3})}}, {}}, path);
  const auto bytes = content_of(path);
  const auto tensor = tensor_of(read_safetensors(path), "t");
  const auto other = tensor_of(read_safetensors(path), "t");

  tensor.fill_(2);

  EXPECT_TRUE(tensor.equal(at::full({3}, 2.0F)));
  EXPECT_TRUE(other.equal(at::ones({3})));
  EXPECT_EQ(content_of(path), bytes);
}

TEST(Safetensors, ReadsTensorsThatOutliveTheFile) {
  at::Tensor view;
  {
    const ScratchFolder folder;
    write_safetensors({{{"t", at::arange(6)}, {"u", at::ones({1})}}, {}},
                      folder / "x");
    view = tensor_of(read_safetensors(folder / "x"), "t").slice(0, 4);
  }

  EXPECT_TRUE(view.equal(at::arange(4, 6)));
}

TEST(Safetensors, ReplacesTheFileThatItsTensorsAreViewsOf) {
  const ScratchFolder folder;
  const auto path = folder / "x";
  write_safetensors({{{"t", at::arange(4)}}, {}}, path);
  auto weights = read_safetensors(path);
  weights.tensors[0].second.add_(1);
  weights.metadata["round"] = "2";

  write_safetensors(weights, path);

  EXPECT_TRUE(weights.tensors[0].second.equal(at::arange(1, 5)));
  EXPECT_TRUE(tensor_of(read_safetensors(path), "t").equal(at::arange(1, 5)));
}

}  // namespace
}  // namespace expandnet::testing
