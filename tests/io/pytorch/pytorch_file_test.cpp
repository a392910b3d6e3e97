#include <ATen/Context.h>
#include <expandnet/io/pytorch/pytorch_file.h>
#include <gtest/gtest.h>
#include <torch/serialize.h>
#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "files.h"
#include "io/dtypes.h"
#include "io/pytorch/pytorch_files.h"
#include "io/zip/zip_format.h"

namespace expandnet::testing {
namespace {

using pickles::call;
using pickles::dict;
using pickles::global;
using pickles::integer;
using pickles::ordered_dict;
using pickles::storage;
using pickles::text;
using pickles::tuple;
using pickles::two_floats;

/// The weights in a file of the pickle that these instructions make.
Weights weights_in(const std::string& instructions, const std::string& key = "",
                   const ZipContent& records = {{"data/0", floats(2)}}) {
  const ScratchFolder folder;
  return read_pytorch(
      write_bytes(folder / "x.pt", pytorch_file(instructions, records)), key);
}

/// Their names, each with a comma behind it.
std::string names_of(const Weights& weights) {
  std::string names;
  for (const auto& named : weights.tensors) names += named.first + ",";
  return names;
}

std::vector<Dtype> pytorch_dtypes() {
  auto dtypes = safetensors_dtypes();
  dtypes.push_back({"C32", at::kComplexHalf});
  dtypes.push_back({"C128", at::kComplexDouble});
  return dtypes;
}

class PyTorchDtypes : public ::testing::TestWithParam<Dtype> {};

TEST_P(PyTorchDtypes, ComeBackAsTheyWereWritten) {
  const ScratchFolder folder;
  Weights weights;
  for (const auto& shape : std::vector<std::vector<std::int64_t>>{
           {}, {0}, {1}, {3, 0, 2}, {5}, {2, 3, 4}}) {
    const auto name = std::to_string(weights.tensors.size());
    weights.tensors.emplace_back(name, sample(GetParam().type, shape));
  }

  write_pytorch(weights, folder / "x.pt");
  const auto read = read_pytorch(folder / "x.pt");

  ASSERT_EQ(names_of(read), "0,1,2,3,4,5,");
  for (const auto& [name, tensor] : weights.tensors) {
    EXPECT_TRUE(same_elements(tensor_of(read, name), tensor)) << name;
    EXPECT_EQ(tensor_of(read, name).strides(), tensor.strides()) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Io, PyTorchDtypes,
                         ::testing::ValuesIn(pytorch_dtypes()),
                         [](const auto& dtype) { return dtype.param.name; });

TEST(PyTorchFile, KeepsTheOrderAndOddNames) {
  const ScratchFolder folder;
  const Weights weights = {
      {{"z", at::ones({1})}, {"", at::ones({1})}, {"a/é\n", at::ones({1})}},
      {}};

  write_pytorch(weights, folder / "x.pt");
  write_pytorch({}, folder / "empty.pt");

  EXPECT_EQ(names_of(read_pytorch(folder / "x.pt")), "z,,a/é\n,");
  EXPECT_EQ(names_of(read_pytorch(folder / "empty.pt")), "");
}

TEST(PyTorchFile, PacksTensorsOfAnyStrides) {
  const ScratchFolder folder;
  const auto images = sample(at::kFloat, {2, 3, 4, 5});
  const auto z = sample(at::kComplexFloat, {3});
  Weights weights;
  weights.tensors = {
      {"last", images.contiguous(at::MemoryFormat::ChannelsLast)},
      {"transposed", images.transpose(0, 3)},
      {"slice", images.slice(2, 1, 4, 2)},
      {"expanded", sample(at::kUInt16, {1, 5}).expand({3, 5})},
      {"conjugate", z.conj()},
      {"negative", at::imag(z.conj())},
      {"parameter", at::ones({2}).requires_grad_() * 2}};

  write_pytorch(weights, folder / "x.pt");
  const auto read = read_pytorch(folder / "x.pt");

  ASSERT_EQ(read.tensors.size(), weights.tensors.size());
  for (const auto& [name, tensor] : weights.tensors) {
    const auto packed = tensor.detach().resolve_conj().resolve_neg();
    EXPECT_TRUE(same_elements(tensor_of(read, name), packed)) << name;
    EXPECT_TRUE(tensor_of(read, name).is_contiguous()) << name;
    EXPECT_FALSE(tensor_of(read, name).requires_grad()) << name;
  }
}

TEST(PyTorchFile, WritesTensorsOfTheGpu) {
  if (!at::hasCUDA()) GTEST_SKIP() << "no CUDA device";
  const ScratchFolder folder;
  const auto tensor = sample(at::kBFloat16, {4, 6});

  write_pytorch({{{"t", tensor.to(at::kCUDA).t()}}, {}}, folder / "x.pt");
  const auto read = tensor_of(read_pytorch(folder / "x.pt"), "t");

  EXPECT_TRUE(read.device().is_cpu());
  EXPECT_TRUE(same_elements(read, tensor.t().contiguous()));
}

TEST(PyTorchFile, KeepsStridesOffsetsAndSharedStorage) {
  const auto six = storage("FloatStorage", "0", 6);
  const auto weights =
      weights_in(dict(text("t") + pickles::tensor(six, 1, {2, 2}, {1, 2}) +
                      text("all") + pickles::tensor(six, 0, {6}, {1}) +
                      text("none") + pickles::tensor(six, 9, {2, 0}, {7, 7}) +
                      text("one") + pickles::tensor(six, 5, {3, 1}, {0, 9})),
                 "", {{"data/0", floats(6)}});

  const auto t = tensor_of(weights, "t");
  const auto all = tensor_of(weights, "all");
  EXPECT_TRUE(t.equal(at::tensor({2.0F, 4.0F, 3.0F, 5.0F}).view({2, 2})));
  EXPECT_EQ(t.strides(), (at::IntArrayRef{1, 2}));
  EXPECT_EQ(t.storage_offset(), 1);
  EXPECT_EQ(tensor_of(weights, "none").sizes(), (at::IntArrayRef{2, 0}));
  EXPECT_TRUE(tensor_of(weights, "one").equal(at::full({3, 1}, 6.0F)));
  EXPECT_TRUE(t.is_alias_of(all));
  t.zero_();
  EXPECT_TRUE(all.equal(at::tensor({1.0F, 0.0F, 0.0F, 0.0F, 0.0F, 6.0F})));
}

TEST(PyTorchFile, ReadsTensorsThatMayBeWrittenTo) {
  const ScratchFolder folder;
  const auto path = folder / "x.pt";
  write_pytorch({{{"t", at::ones({3})}}, {}}, path);
  const auto bytes = content_of(path);
  const auto tensor = tensor_of(read_pytorch(path), "t");
  const auto other = tensor_of(read_pytorch(path), "t");

  tensor.fill_(2);

  EXPECT_TRUE(tensor.equal(at::full({3}, 2.0F)));
  EXPECT_TRUE(other.equal(at::ones({3})));
  EXPECT_EQ(content_of(path), bytes);
}

TEST(PyTorchFile, ReplacesTheFileThatItsTensorsAreViewsOf) {
  const ScratchFolder folder;
  write_pytorch({{{"t", at::arange(4)}}, {}}, folder / "x.pt");
  const auto weights = read_pytorch(folder / "x.pt");

  weights.tensors[0].second.add_(1);
  write_pytorch(weights, folder / "x.pt");

  EXPECT_TRUE(weights.tensors[0].second.equal(at::arange(1, 5)));
  EXPECT_TRUE(
      tensor_of(read_pytorch(folder / "x.pt"), "t").equal(at::arange(1, 5)));
}

TEST(PyTorchFile, ReadsTensorsThatOutliveTheFile) {
  at::Tensor view;
  {
    const ScratchFolder folder;
    write_pytorch({{{"t", at::arange(6)}, {"u", at::ones({1})}}, {}},
                  folder / "x.pt");
    view = tensor_of(read_pytorch(folder / "x.pt"), "t").slice(0, 4);
  }

  EXPECT_TRUE(view.equal(at::arange(4, 6)));
}

TEST(PyTorchFile, CopiesStoragesThatAreNotAligned) {
  // One more byte of padding before the last entry, the storage.
  auto file = pytorch_file(dict(text("t") + two_floats()));
  const auto header = file.rfind(zip::kLocalSignature);
  const auto padding =
      header + zip::kLocalBytes + std::string("x/data/0").size();
  const auto grow = [&](std::size_t at, std::size_t count) {
    const auto number = little_endian(file, at, count) + 1;
    file = patched(file, at, pickles::little(number, count));
  };
  grow(header + 28, 2);                         // bytes of extra fields
  grow(padding + 2, 2);                         // of the only one
  grow(file.find(zip::kEndSignature) + 16, 4);  // where the directory is
  file.insert(padding + 4, "Z");
  const ScratchFolder folder;

  const auto tensor =
      tensor_of(read_pytorch(write_bytes(folder / "x.pt", file)), "t");

  EXPECT_TRUE(tensor.equal(at::tensor({1.0F, 2.0F})));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data_ptr()) % 4, 0);
}

TEST(PyTorchFile, ReadsConjugatesAndNegatives) {
  const auto lazy = [](const std::string& type, std::int64_t numel,
                       const std::string& metadata) {
    return call(
        global("torch._utils", "_rebuild_tensor_v2"),
        pickles::tensor_arguments(storage(type, "0", numel), 0, {1}, {1}) +
            dict(text(metadata) + "\x88"));
  };
  const auto weights =
      weights_in(dict(text("c") + lazy("ComplexFloatStorage", 1, "conj") +
                      text("n") + lazy("FloatStorage", 2, "neg")));

  EXPECT_TRUE(tensor_of(weights, "c")
                  .equal(at::complex(at::ones({1}), at::full({1}, -2.0F))));
  EXPECT_TRUE(tensor_of(weights, "n").equal(at::full({1}, -1.0F)));
}

TEST(PyTorchFile, UnwrapsParametersAndTensorsWithAttributes) {
  const auto hooks = "\x88" + ordered_dict();
  const auto attributes = dict(text("name") + text("w"));
  const auto wrapped = call(
      global("torch._tensor", "_rebuild_from_type_v2"),
      global("torch._utils", "_rebuild_tensor_v2") + global("torch", "Tensor") +
          tuple(pickles::tensor_arguments(storage("FloatStorage", "0", 2), 0,
                                          {2}, {1})) +
          attributes);
  const auto old = call(global("torch._utils", "_rebuild_tensor"),
                        storage("FloatStorage", "0", 2) + integer(0) +
                            pickles::integers({2}) + pickles::integers({1}));
  const auto weights = weights_in(dict(
      text("p") +
      call(global("torch._utils", "_rebuild_parameter"), two_floats() + hooks) +
      text("s") +
      call(global("torch._utils", "_rebuild_parameter_with_state"),
           wrapped + hooks + attributes) +
      text("old") + old));

  ASSERT_EQ(names_of(weights), "p,s,old,");
  for (const auto& [name, tensor] : weights.tensors) {
    EXPECT_TRUE(tensor.equal(at::tensor({1.0F, 2.0F}))) << name;
    EXPECT_FALSE(tensor.requires_grad()) << name;
  }
}

TEST(PyTorchFile, ReadsWhatLibTorchPickles) {
  const ScratchFolder folder;
  c10::Dict<std::string, at::Tensor> state;
  state.insert("w", at::ones({2}));
  c10::Dict<std::string, c10::Dict<std::string, at::Tensor>> checkpoint;
  checkpoint.insert("model", state);
  const auto save = [&](const std::string& name, const c10::IValue& value) {
    const auto bytes = torch::pickle_save(value);
    return write_bytes(folder / name, {bytes.begin(), bytes.end()});
  };

  for (const auto& path : {save("x.pt", state), save("y.pt", checkpoint)}) {
    EXPECT_TRUE(tensor_of(read_pytorch(path), "w").equal(at::ones({2})));
  }
}

const std::string kNamespace = global("argparse", "Namespace") + ")\x81" +
                               dict(text("lr") + integer(1)) + "b";

TEST(PyTorchCheckpoint, HoldsTheWeightsUnderAUsualName) {
  for (const auto& key :
       {"state_dict", "model_state_dict", "model", "net", "module"}) {
    const auto checkpoint =
        dict(text("epoch") + integer(3) + text("args") + kNamespace +
             text("best_acc1") + two_floats() + text("optimizer") +
             dict(text("state") + dict(integer(0) + two_floats())) + text(key) +
             ordered_dict() + "(" + text("w") + two_floats() + "u");

    EXPECT_EQ(names_of(weights_in(checkpoint)), "w,") << key;
  }
}

TEST(PyTorchCheckpoint, HoldsTheWeightsAtTheTop) {
  EXPECT_EQ(names_of(weights_in(dict(text("w") + two_floats() + text("model") +
                                     dict(text("depth") + integer(3))))),
            "w,");
  EXPECT_EQ(names_of(weights_in("}")), "");
}

TEST(PyTorchCheckpoint, HoldsTheWeightsUnderAKey) {
  const auto checkpoint =
      dict(text("model") + dict(text("w") + two_floats()) + text("ema") +
           dict(text("v") + two_floats()) + text("empty") + "}");

  EXPECT_EQ(names_of(weights_in(checkpoint)), "w,");
  EXPECT_EQ(names_of(weights_in(checkpoint, "ema")), "v,");
  EXPECT_EQ(names_of(weights_in(checkpoint, "empty")), "");
}

TEST(PyTorchCheckpoint, HoldsTheWeightsAtAPathOfKeys) {
  const auto checkpoint = dict(
      text("ema") + dict(text("state_dict") + dict(text("v") + two_floats())) +
      text("ema.state_dict") + dict(text("whole") + two_floats()) + text("a") +
      dict(text("b.c") + dict(text("w") + two_floats())));

  EXPECT_EQ(names_of(weights_in(checkpoint, "ema.state_dict")), "whole,");
  EXPECT_EQ(names_of(weights_in(checkpoint, "a.b.c")), "w,");
}

TEST(PyTorchCheckpoint, NamesTheAveragesBesideTheWeights) {
  const auto weights = [](const std::string& name) {
    return dict(text(name) + two_floats());
  };
  const auto checkpoint = dict(
      text("state_dict") + weights("w") + text("state_dict_ema") +
      weights("w") + text("optimizer") + weights("v") + text("epoch") + "N");

  const auto read = weights_in(checkpoint);

  EXPECT_EQ(read.notes,
            std::vector<std::string>{
                "read from \"state_dict\"; \"state_dict_ema\" holds weights, "
                "too, as averages do; its key reads them"});
  EXPECT_EQ(weights_in(checkpoint, "state_dict").notes.size(), 0U);
}

TEST(PyTorchCheckpoint, NamesAveragesAtAnyPlaceBesideTheWeights) {
  const auto weights = dict(text("w") + two_floats());
  const auto object = [](const std::string& state) {
    return global("argparse", "Namespace") + ")\x81" + state + "b";
  };
  const auto notes = [&](const std::string& ema) {
    return weights_in(dict(text("model") + weights + text("ema") + ema)).notes;
  };
  const auto note = [](const std::string& path, const std::string& more) {
    return std::vector<std::string>{"read from \"model\"; \"" + path +
                                    "\" holds weights, too, as averages do" +
                                    more};
  };
  const std::string by_key = "; its key reads them";

  EXPECT_EQ(notes(dict(text("shadow") + weights)), note("ema.shadow", by_key));
  EXPECT_EQ(notes(dict(text("a") + dict(text("b") + weights))),
            note("ema.a.b", by_key));
  EXPECT_EQ(notes(object(weights)), note("ema", ""));
  EXPECT_EQ(notes(object(dict(text("shadow") + weights))),
            note("ema.shadow", ""));
  EXPECT_EQ(notes("](" + weights + "e"), note("ema", ""));
  EXPECT_EQ(notes(dict(text("state") + dict(text("v") + two_floats()))),
            std::vector<std::string>());
}

TEST(PyTorchCheckpoint, NamesTensorsBesideTheWeights) {
  const auto weights = [](const std::string& name) {
    return dict(text(name) + two_floats());
  };
  const auto read = weights_in(
      dict(text("model") + weights("w") + text("head") + weights("v") +
           text("loss") + two_floats() + text("optimizer") + weights("v")));

  EXPECT_EQ(names_of(read), "w,");
  EXPECT_EQ(read.notes,
            std::vector<std::string>{
                "read from \"model\"; tensors that stand beside it are passed "
                "over: \"head\", \"loss\""});
}

TEST(PyTorchCheckpoint, KeepsTheNamesOfWrappers) {
  const auto w = text("module.w") + two_floats();

  EXPECT_EQ(names_of(weights_in(dict(w))), "module.w,");
}

/// An object of torch.nn.Module: instructions of its dictionaries' items.
std::string module_of(const std::string& parameters, const std::string& buffers,
                      const std::string& modules) {
  return global("net", "Net") + ")\x81" +
         dict(text("training") + "\x88" + text("_parameters") +
              dict(parameters) + text("_buffers") + dict(buffers) +
              text("_non_persistent_buffers_set") +
              call(global("__builtin__", "set"), "](" + text("scratch") + "e") +
              text("_modules") + dict(modules) + text("extra") + "](" +
              two_floats() + "e") +
         "b";
}

TEST(PyTorchCheckpoint, MayBeAModule) {
  const auto inner = module_of(
      text("w") + two_floats() + text("b") + "N",
      text("scratch") + two_floats() + text("mean") + two_floats(), "");
  const auto net =
      module_of(text("w") + two_floats(), "",
                text("a") + inner + text("none") + "N" + text("b") + inner);

  EXPECT_EQ(names_of(weights_in(net)), "w,a.w,a.mean,b.w,b.mean,");
  EXPECT_EQ(names_of(weights_in(dict(text("model") + net))),
            "w,a.w,a.mean,b.w,b.mean,");
  EXPECT_EQ(names_of(weights_in(dict(text("ema") + net), "ema")),
            "w,a.w,a.mean,b.w,b.mean,");
}

TEST(PyTorchCheckpoint, PassesOverWhatIsNoTensor) {
  const auto weights =
      weights_in(dict(text("steps") + integer(7) + text("w") + two_floats() +
                      text("_extra_state") + "N" + integer(0) + text("name") +
                      text("dtype") + global("torch", "float32")));

  EXPECT_EQ(names_of(weights), "w,");
}

}  // namespace
}  // namespace expandnet::testing
