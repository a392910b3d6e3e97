#include <expandnet/io/safetensors/safetensors.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "files.h"
#include "io/safetensors/safetensors_file.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

std::string failure_to_read(const std::string& path) {
  return failure_of([&] { (void)read_safetensors(path); });
}

/// What is said of tensors that cannot be written, after the name of the
/// function. No file is made.
std::string error_of_writing(const Weights& weights) {
  const ScratchFolder folder;
  const auto message =
      error_of([&] { write_safetensors(weights, folder / "x"); });
  EXPECT_EQ(folder.size(), 0);
  const std::string begin = "write_safetensors: ";
  EXPECT_EQ(message.substr(0, begin.size()), begin);
  return message.substr(begin.size());
}

std::string error_of_writing(const at::Tensor& tensor) {
  return error_of_writing({{{"t", tensor}}, {}});
}

TEST(SafetensorsErrors, NameFilesThatAreMissingOrEmpty) {
  const ScratchFolder folder;

  EXPECT_EQ(
      failure_to_read(folder / "none"),
      "cannot open \"" + (folder / "none") + "\": No such file or directory");
  EXPECT_EQ(failure_to_read(folder / ""),
            "\"" + (folder / "") +
                "\": the path must name a file, got a folder; name a file in "
                "it");
  EXPECT_EQ(failure_to_read(write_bytes(folder / "empty", "")),
            "\"" + (folder / "empty") +
                "\": a safetensors file must begin with the 8 bytes of a "
                "length, got 0 bytes; fetch the file again or write it anew");
}

TEST(SafetensorsErrors, NameTheFileThatDoesNotKeepToTheFormat) {
  const ScratchFolder folder;
  const auto whole = safetensors_file(
      "{" + json_of("t", "F32", "[2]", "[0,8]") + "}", std::string(8, '\0'));
  const auto path =
      write_bytes(folder / "short", whole.substr(0, whole.size() - 1));

  EXPECT_EQ(failure_to_read(path),
            "\"" + path +
                "\": data_offsets of tensor \"t\" must rise within the 7 bytes "
                "of data, got 0 to 8; fetch the file again or write it anew");
}

TEST(SafetensorsErrors, NameEveryPlaceWhereAFileIsCutShort) {
  const ScratchFolder folder;
  write_safetensors(
      {{{"a", at::ones({2})}, {"b", at::ones({1})}}, {{"k", "v"}}},
      folder / "whole");
  const auto whole = content_of(folder / "whole");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto path = write_bytes(folder / "short", whole.substr(0, size));

    EXPECT_NE(failure_to_read(path), "") << size << " bytes";
  }
}

TEST(SafetensorsErrors, NameBytesThatAreNoBool) {
  const ScratchFolder folder;
  const auto path = write_bytes(
      folder / "x",
      safetensors_file("{" + json_of("mask", "BOOL", "[3]", "[0,3]") + "}",
                       std::string("\0\1\2", 3)));

  EXPECT_EQ(failure_to_read(path),
            "\"" + path +
                "\": elements of tensor \"mask\" of BOOL must be 0 or 1, got 2 "
                "at byte 68; fetch the file again or write it anew");
}

TEST(SafetensorsErrors, NameTensorsWithoutElementsInMemory) {
  const std::string rule =
      "tensor \"t\" must have its elements in memory, got ";
  const std::string remedy = "; make it a dense one first";
  const auto dense = at::eye(3);

  EXPECT_EQ(error_of_writing(at::Tensor()),
            "tensor \"t\" must be defined, got none; leave it out");
  EXPECT_EQ(error_of_writing(dense.to_sparse()),
            rule + "a sparse one" + remedy);
  EXPECT_EQ(error_of_writing(dense.to_sparse_csr()),
            rule + "a sparse one" + remedy);
  EXPECT_EQ(
      error_of_writing(at::quantize_per_tensor(dense, 0.1, 0, at::kQInt8)),
      rule + "a quantized one" + remedy);
  EXPECT_EQ(error_of_writing(dense.to(at::kMeta)),
            rule + "one on the meta device" + remedy);
  EXPECT_EQ(error_of_writing(at::_nested_tensor_from_tensor_list({dense})),
            rule + "a nested one" + remedy);
  EXPECT_EQ(error_of_writing(at::_efficientzerotensor({3})),
            rule + "one without storage" + remedy);
}

TEST(SafetensorsErrors, NameDtypesThatTheFormatHasNot) {
  EXPECT_EQ(error_of_writing(at::zeros({2}, at::kComplexDouble)),
            "tensor \"t\" must have a dtype of BOOL, U8, I8, F8_E5M2, F8_E4M3, "
            "F8_E8M0, F8_E4M3FNUZ, F8_E5M2FNUZ, I16, U16, F16, BF16, I32, U32, "
            "F32, C64, F64, I64, U64, got ComplexDouble; convert it");
}

TEST(SafetensorsErrors, NameShapesThatCannotBeReadAgain) {
  EXPECT_EQ(error_of_writing(at::ones(std::vector<std::int64_t>(65, 1))),
            "tensor \"t\" may have 64 dimensions, got 65; reshape it");
  EXPECT_EQ(
      error_of_writing(at::ones({1}).expand({std::int64_t{1} << 61})),
      "tensor \"t\" must take less than 2^63 bytes, got [2305843009213693952]; "
      "write what it was expanded from");
}

TEST(SafetensorsErrors, NameNamesThatCannotBeWritten) {
  const auto tensor = at::ones({1});
  EXPECT_EQ(error_of_writing({{{"__metadata__", tensor}}, {}}),
            "a tensor may have any name but that of the metadata, got "
            "\"__metadata__\"; rename it");
  EXPECT_EQ(
      error_of_writing({{{"a", tensor}, {"a", tensor.to(at::kHalf)}}, {}}),
      "names of tensors must differ, got \"a\" again; rename one");
  EXPECT_EQ(error_of_writing({{{"\xff", tensor}}, {}}),
            "the name of a tensor must be UTF-8, got \"\\xff\"; write it in "
            "UTF-8");
  EXPECT_EQ(error_of_writing({{}, {{"key", "\xff"}}}),
            "\"key\" in the metadata must be UTF-8, got \"\\xff\"; write it in "
            "UTF-8");
}

TEST(SafetensorsErrors, AFullDiskLeavesTheOldFile) {
  const ScratchFolder folder;
  const auto path = folder / "x";
  write_safetensors({{{"t", at::ones({2})}}, {}}, path);
  const auto old = content_of(path);

  std::string message;
  {
    const FileSizeLimit limit(1000);
    message = failure_of([&] {
      write_safetensors({{{"t", at::ones({1000})}}, {}}, path);
    });
  }

  EXPECT_EQ(message, "cannot write \"" + path +
                         "\": File too large; raise the limit on the size of "
                         "files (ulimit -f) or choose another disk");
  EXPECT_EQ(content_of(path), old);
  EXPECT_EQ(folder.size(), 1);
}

}  // namespace
}  // namespace expandnet::testing
