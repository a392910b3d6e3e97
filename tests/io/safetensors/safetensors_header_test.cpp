#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "files.h"
#include "io/safetensors/safetensors_file.h"
#include "io/safetensors/safetensors_format.h"
#include "io/safetensors/safetensors_parse.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

SafetensorsHeader parsed(const std::string& json, std::size_t data_bytes = 0) {
  return parse_safetensors_header(
      "x", safetensors_file(json, std::string(data_bytes, 1)));
}

TEST(SafetensorsHeader, HoldsWhatTheFileSays) {
  const auto header =
      parsed("{" + json_of("weight", "F32", "[2,3]", "[0,24]") +
                 R"(,"__metadata__":{"epoch":"3","":"\u00e9\n"},)" +
                 json_of("steps", "I64", "[]", "[24,32]") + "}  ",
             32);

  EXPECT_EQ(header.metadata,
            (std::map<std::string, std::string>{{"epoch", "3"}, {"", "é\n"}}));
  EXPECT_EQ(header.data_begin, 173);
  ASSERT_EQ(header.tensors.size(), 2);
  const auto& weight = header.tensors[0];
  EXPECT_EQ(weight.name, "weight");
  EXPECT_EQ(weight.dtype, FileDtype::kFloat32);
  EXPECT_EQ(weight.shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(weight.begin, 0);
  EXPECT_EQ(weight.end, 24);
  const auto& steps = header.tensors[1];
  EXPECT_EQ(steps.dtype, FileDtype::kInt64);
  EXPECT_TRUE(steps.shape.empty());
  EXPECT_EQ(steps.begin, 24);
  EXPECT_EQ(steps.end, 32);
}

TEST(SafetensorsHeader, MayHoldNothing) {
  const auto header = parsed("{}");

  EXPECT_TRUE(header.tensors.empty());
  EXPECT_TRUE(header.metadata.empty());
  EXPECT_TRUE(parsed(R"({"__metadata__":{}})").metadata.empty());
}

TEST(SafetensorsHeader, IsInTheOrderOfTheBytes) {
  const auto header = parsed("{" + json_of("z", "U8", "[0]", "[3,3]") + "," +
                                 json_of("c", "U8", "[1]", "[3,4]") + "," +
                                 json_of("a", "U8", "[5,0]", "[3,3]") + "," +
                                 json_of("b", "U8", "[3]", "[0,3]") + "}",
                             4);

  std::string names;
  for (const auto& tensor : header.tensors) names += tensor.name;
  EXPECT_EQ(names, "bzac") << "those without bytes stay as they were";
}

TEST(SafetensorsHeader, KnowsEveryDtype) {
  for (const auto& [name, bytes] :
       std::map<std::string, std::size_t>{{"BOOL", 1},
                                          {"U8", 1},
                                          {"I8", 1},
                                          {"F8_E5M2", 1},
                                          {"F8_E4M3", 1},
                                          {"F8_E8M0", 1},
                                          {"I16", 2},
                                          {"F8_E4M3FNUZ", 1},
                                          {"F8_E5M2FNUZ", 1},
                                          {"U16", 2},
                                          {"F16", 2},
                                          {"BF16", 2},
                                          {"I32", 4},
                                          {"U32", 4},
                                          {"F32", 4},
                                          {"C64", 8},
                                          {"F64", 8},
                                          {"I64", 8},
                                          {"U64", 8}}) {
    const auto end = std::to_string(3 * bytes);
    const auto header = parsed(
        "{" + json_of("t", name, "[3]", "[0," + end + "]") + "}", 3 * bytes);

    EXPECT_EQ(info_of(header.tensors.at(0).dtype).safetensors, name);
  }
}

TEST(SafetensorsHeader, MayHave64Dimensions) {
  std::string sizes = "1";
  for (int i = 1; i < 64; ++i) sizes += ",1";

  const auto header =
      parsed("{" + json_of("t", "U8", "[" + sizes + "]", "[0,1]") + "}", 1);

  EXPECT_EQ(header.tensors.at(0).shape, std::vector<std::int64_t>(64, 1));
}

TEST(SafetensorsHeader, IsFormattedAsItIsParsed) {
  SafetensorsHeader header;
  header.metadata = {{"\"\\\x01/", "é"}, {"a", "b"}};
  header.tensors = {{"w\n", FileDtype::kBFloat16, {2, 1}, 0, 4},
                    {"", FileDtype::kUInt8, {}, 4, 5}};

  const auto text = format_safetensors_header("x", header);

  EXPECT_EQ(text, length_bytes(160) +
                      R"({"__metadata__":{"\"\\\u0001/":"é","a":"b"},)"
                      R"("w\n":{"dtype":"BF16","shape":[2,1],)"
                      R"("data_offsets":[0,4]},"":{"dtype":"U8","shape":[],)"
                      R"("data_offsets":[4,5]}}       )");
  const auto again = parse_safetensors_header("x", text + "12345");
  EXPECT_EQ(again.metadata, header.metadata);
  EXPECT_EQ(again.data_begin, text.size());
  ASSERT_EQ(again.tensors.size(), 2);
  EXPECT_EQ(again.tensors[0].name, "w\n");
  EXPECT_EQ(again.tensors[0].shape, (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(again.tensors[1].name, "");
  EXPECT_EQ(again.tensors[1].end, 5);
}

TEST(SafetensorsHeader, CountsBytesUpTo63Bits) {
  SafetensorsEntry entry;
  entry.shape = {std::int64_t{1} << 60, 2};
  EXPECT_EQ(entry_bytes(entry), std::nullopt);
  entry.dtype = FileDtype::kFloat16;
  EXPECT_EQ(entry_bytes(entry), std::uint64_t{1} << 62);
  entry.shape = {};
  EXPECT_EQ(entry_bytes(entry), 2);
  entry.shape = {3, 0, 5};
  EXPECT_EQ(entry_bytes(entry), 0);
  entry.shape = {0, std::int64_t{1} << 62};
  EXPECT_EQ(entry_bytes(entry), std::nullopt);
}

TEST(SafetensorsHeaderErrors, NameWhatCannotBeFormatted) {
  const auto failure = [](const SafetensorsHeader& header) {
    return error_of([&] { (void)format_safetensors_header("x", header); });
  };
  SafetensorsHeader header;
  header.tensors = {{"\xff", FileDtype::kUInt8, {0}, 0, 0}};
  EXPECT_EQ(failure(header),
            "x: the name of a tensor must be UTF-8, got \"\\xff\"; write it in "
            "UTF-8");
  header.tensors.clear();
  header.metadata = {{"a\xc3", "text"}};
  EXPECT_EQ(failure(header),
            "x: a key of the metadata must be UTF-8, got \"a\\xc3\"; write it "
            "in UTF-8");
  header.metadata = {{"key", "\xed\xa0\x80"}};
  EXPECT_EQ(failure(header),
            "x: \"key\" in the metadata must be UTF-8, got "
            "\"\\xed\\xa0\\x80\"; write it in UTF-8");
  std::string too_long;
  too_long.resize(100'000'000, 'x');
  header.metadata = {{"key", too_long}};
  EXPECT_EQ(failure(header),
            "x: the header of a safetensors file must have at most 100000000 "
            "bytes, got 100000032; write several files");
}

}  // namespace
}  // namespace expandnet::testing
