// What is said of headers that do not keep to the format.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>

#include "files.h"
#include "io/safetensors/safetensors_file.h"
#include "io/safetensors/safetensors_header.h"

namespace expandnet::testing {
namespace {

std::string refusal_of_bytes(const std::string& file) {
  return failure_of([&] { parse_safetensors_header("x", file); });
}

/// What is said of a header, without the end that all messages have.
std::string refusal_of(const std::string& json, std::size_t data_bytes = 0) {
  const auto message =
      refusal_of_bytes(safetensors_file(json, std::string(data_bytes, 1)));
  const std::string end = "; fetch the file again or write it anew";
  const auto size = message.size() - std::min(message.size(), end.size());
  EXPECT_EQ(message.substr(size), end);
  return message.substr(0, size);
}

/// What is said of the tensor "t" of these fields.
std::string refusal_of_tensor(const std::string& fields,
                              std::size_t data_bytes = 0) {
  return refusal_of("{\"t\":{" + fields + "}}", data_bytes);
}

TEST(SafetensorsRefusals, NameALengthThatIsNone) {
  EXPECT_EQ(refusal_of_bytes("1234567"),
            "x: a safetensors file must begin with the 8 bytes of a length, "
            "got 7 bytes; fetch the file again or write it anew");
  EXPECT_EQ(refusal_of_bytes(length_bytes(100'000'001) + "{}"),
            "x: the header of a safetensors file must have at most 100000000 "
            "bytes, got 100000001; give a safetensors file");
  EXPECT_EQ(refusal_of_bytes(std::string(8, '\xff')),
            "x: the header of a safetensors file must have at most 100000000 "
            "bytes, got 18446744073709551615; give a safetensors file");
  EXPECT_EQ(refusal_of_bytes(length_bytes(3) + "{}"),
            "x: the header must lie within the file, got 3 bytes of header in "
            "a file of 10; fetch the file again or write it anew");
}

TEST(SafetensorsRefusals, NameWhatIsAroundTheBraces) {
  const std::string rule = "x: the header must begin with { (7b), got ";
  const std::string remedy = "; give a safetensors file";
  EXPECT_EQ(refusal_of_bytes(safetensors_file("", "")),
            rule + "no byte" + remedy);
  EXPECT_EQ(refusal_of_bytes(safetensors_file(" {}", "")),
            rule + "20 at byte 8" + remedy);
  EXPECT_EQ(refusal_of_bytes(safetensors_file("[]", "")),
            rule + "5b at byte 8" + remedy);
  EXPECT_EQ(refusal_of("{}\n "),
            "x: the header must end with } (7d) and spaces, got 0a at byte 10");
  EXPECT_EQ(refusal_of("{"),
            "x: the header must end with } (7d) and spaces, got 7b at byte 8");
}

TEST(SafetensorsRefusals, NameTheByteThatIsNoJson) {
  const std::string rule = "x: the header must be JSON in UTF-8, got ";
  EXPECT_EQ(refusal_of("{}}"), rule + "a mistake at byte 10");
  EXPECT_EQ(refusal_of("{,}"), rule + "a mistake at byte 9");
  EXPECT_EQ(refusal_of("{\"__metadata__\":{}"), rule + "a mistake at byte 26");
  EXPECT_EQ(refusal_of("{\"\xff\":{}}"), rule + "a mistake at byte 10");
  EXPECT_EQ(refusal_of("{\"\xc0\x80\":{}}"), rule + "a mistake at byte 10");
  EXPECT_EQ(refusal_of(R"({"\ud800":{}})"), rule + "a mistake at byte 16");
  EXPECT_EQ(refusal_of("{\"\n\":{}}"), rule + "a mistake at byte 10");
  EXPECT_EQ(refusal_of(std::string("{}\0}", 4)), rule + "00 at byte 10");
  EXPECT_EQ(refusal_of_tensor("\"shape\":[1e999]"),
            rule + "a mistake at byte 27");
}

TEST(SafetensorsRefusals, NameWhatStandsTwice) {
  const auto tensor = json_of("a", "U8", "[0]", "[0,0]");
  EXPECT_EQ(refusal_of("{" + tensor + "," + tensor + "}"),
            "x: a name may stand once in the header, got \"a\" again");
  EXPECT_EQ(
      refusal_of(R"({"__metadata__":{},"__metadata__":{}})"),
      "x: a name may stand once in the header, got \"__metadata__\" again");
  EXPECT_EQ(refusal_of(R"({"__metadata__":{"k":"1","\u006b":"1"}})"),
            "x: a key may stand once in __metadata__, got \"k\" again");
  EXPECT_EQ(refusal_of_tensor(R"("shape":[0],"shape":[0])"),
            "x: a field may stand once in tensor \"t\", got shape again");
}

TEST(SafetensorsRefusals, NameWhatIsOfAnotherKind) {
  EXPECT_EQ(refusal_of(R"({"t":["F32",[1],[0,4]]})"),
            "x: tensor \"t\" must be an object, got an array");
  EXPECT_EQ(refusal_of(R"({"t":null})"),
            "x: tensor \"t\" must be an object, got null");
  EXPECT_EQ(refusal_of(R"({"__metadata__":null})"),
            "x: __metadata__ must be an object, got null");
  EXPECT_EQ(refusal_of(R"({"__metadata__":"text"})"),
            "x: __metadata__ must be an object, got the text \"text\"");
  EXPECT_EQ(refusal_of(R"({"__metadata__":{"k":1}})"),
            "x: \"k\" in __metadata__ must be text, got 1");
  EXPECT_EQ(refusal_of(R"({"__metadata__":{"k":{}}})"),
            "x: \"k\" in __metadata__ must be text, got an object");
  EXPECT_EQ(refusal_of_tensor(R"("dtype":true)"),
            "x: dtype of tensor \"t\" must be text, got true");
  EXPECT_EQ(refusal_of_tensor(R"("shape":3)"),
            "x: shape of tensor \"t\" must be an array, got 3");
  EXPECT_EQ(refusal_of_tensor(R"("shape":[[1]])"),
            "x: shape of tensor \"t\" must hold integers from 0 to "
            "9223372036854775807, got an array");
  EXPECT_EQ(refusal_of_tensor(R"("data_offsets":{})"),
            "x: data_offsets of tensor \"t\" must be an array, got an object");
}

TEST(SafetensorsRefusals, NameNumbersThatAreNoSizes) {
  const std::string rule =
      "x: shape of tensor \"t\" must hold integers from 0 to "
      "9223372036854775807, got ";
  for (const auto& number :
       {"-1", "-0", "-9223372036854775808", "9223372036854775808",
        "18446744073709551615", "18446744073709551616", "1.0", "1e2"}) {
    EXPECT_EQ(refusal_of_tensor("\"shape\":[" + std::string(number) + "]"),
              rule + number);
  }
  EXPECT_EQ(refusal_of_tensor("\"shape\":[" + std::string(300, '9') + "]"),
            rule + std::string(40, '9') + "...");
  EXPECT_EQ(refusal_of_tensor("\"shape\":[\"1\"]"), rule + "the text \"1\"");
}

TEST(SafetensorsRefusals, NameOffsetsThatAreNotTwo) {
  const std::string rule =
      "x: data_offsets of tensor \"t\" must hold two integers from 0 to "
      "9223372036854775807, got ";
  EXPECT_EQ(refusal_of_tensor("\"data_offsets\":[]"), rule + "none");
  EXPECT_EQ(refusal_of_tensor("\"data_offsets\":[0]"), rule + "one");
  EXPECT_EQ(refusal_of_tensor("\"data_offsets\":[0,0,0]"), rule + "three");
  EXPECT_EQ(refusal_of_tensor("\"data_offsets\":[0,-1]"), rule + "-1");
}

TEST(SafetensorsRefusals, NameFieldsThatAreMissingOrUnknown) {
  const std::string rule =
      "x: tensor \"t\" must have dtype, shape and data_offsets, got no ";
  EXPECT_EQ(refusal_of_tensor(R"("shape":[],"data_offsets":[0,4])", 4),
            rule + "dtype");
  EXPECT_EQ(refusal_of_tensor(R"("dtype":"F32","data_offsets":[0,4])", 4),
            rule + "shape");
  EXPECT_EQ(refusal_of_tensor(R"("dtype":"F32","shape":[])", 4),
            rule + "data_offsets");
  EXPECT_EQ(refusal_of_tensor(R"("offsets":[0,4])"),
            "x: tensor \"t\" may have dtype, shape and data_offsets, got "
            "\"offsets\"");
}

TEST(SafetensorsRefusals, NameDtypesThatAreUnknown) {
  EXPECT_EQ(refusal_of_tensor(R"("dtype":"f32")"),
            "x: dtype of tensor \"t\" must be one of BOOL, U8, I8, F8_E5M2, "
            "F8_E4M3, F8_E8M0, F8_E4M3FNUZ, F8_E5M2FNUZ, I16, U16, F16, BF16, "
            "I32, U32, F32, C64, F64, I64, U64, got \"f32\"");
  for (const std::string dtype : {"F4", "F6_E2M3", "F6_E3M2"}) {
    EXPECT_EQ(refusal_of_bytes(safetensors_file(
                  "{" + json_of("t", dtype, "[2]", "[0,1]") + "}", "1")),
              "x: the elements of tensor \"t\" must take whole bytes, got "
              "dtype " +
                  dtype + "; convert it to one of whole bytes");
  }
}

TEST(SafetensorsRefusals, NameShapesThatAreTooLarge) {
  std::string sizes = "1";
  for (int i = 1; i < 64; ++i) sizes += ",1";
  EXPECT_EQ(refusal_of_tensor("\"shape\":[" + sizes + ",1]"),
            "x: shape of tensor \"t\" must have at most 64 sizes, got more");

  const std::string rule =
      "x: tensor \"t\" must take less than 2^63 bytes, sizes of 0 left out, "
      "got ";
  EXPECT_EQ(
      refusal_of("{" + json_of("t", "C64", "[1152921504606846976]", "[0,0]") +
                 "}"),
      rule + "[1152921504606846976] of C64");
  EXPECT_EQ(
      refusal_of(
          "{" + json_of("t", "U8", "[4294967296,4294967296,0]", "[0,0]") + "}"),
      rule + "[4294967296, 4294967296, 0] of U8");
}

TEST(SafetensorsRefusals, NameOffsetsThatDoNotFit) {
  const auto refusal_of_offsets = [](const std::string& offsets) {
    return refusal_of("{" + json_of("t", "F32", "[2]", offsets) + "}", 8);
  };
  const std::string within =
      "x: data_offsets of tensor \"t\" must rise within the 8 bytes of data, "
      "got ";
  EXPECT_EQ(refusal_of_offsets("[8,0]"), within + "8 to 0");
  EXPECT_EQ(refusal_of_offsets("[1,9]"), within + "1 to 9");
  EXPECT_EQ(refusal_of_offsets("[9223372036854775800,9223372036854775807]"),
            within + "9223372036854775800 to 9223372036854775807");
  EXPECT_EQ(refusal_of_offsets("[0,4]"),
            "x: data_offsets of tensor \"t\" must span the 8 bytes of [2] of "
            "F32, got 0 to 4");
}

TEST(SafetensorsRefusals, NameTheBytesThatAreInNoTensorOrTwo) {
  const std::string rule =
      "x: each byte of data must belong to one tensor, got ";
  const auto a = json_of("a", "U8", "[2]", "[0,2]");
  EXPECT_EQ(refusal_of("{" + a + "}", 5), rule + "data bytes 2 to 5 in none");
  EXPECT_EQ(refusal_of("{}", 1), rule + "data bytes 0 to 1 in none");
  EXPECT_EQ(
      refusal_of("{" + json_of("b", "U8", "[1]", "[3,4]") + "," + a + "}", 4),
      rule + "data bytes 2 to 3 in none");
  EXPECT_EQ(
      refusal_of("{" + json_of("b", "U8", "[2]", "[1,3]") + "," + a + "}", 3),
      rule + "\"b\" from data byte 1 and \"a\" up to 2");
  EXPECT_EQ(
      refusal_of("{" + json_of("b", "U8", "[0]", "[1,1]") + "," + a + "}", 2),
      rule + "\"b\" from data byte 1 and \"a\" up to 2");
  EXPECT_EQ(
      refusal_of("{" + json_of("b", "U8", "[0]", "[3,3]") + "," + a + "}", 3),
      rule + "data bytes 2 to 3 in none");
}

TEST(SafetensorsRefusals, ShowNamesThatAreOddOrLong) {
  EXPECT_EQ(refusal_of("{\"é\\n\":1}"),
            "x: tensor \"\\xc3\\xa9\\x0a\" must be an object, got 1");
  EXPECT_EQ(
      refusal_of("{\"" + std::string(81, 'n') + "\":1}"),
      "x: tensor \"" + std::string(80, 'n') + "\"... must be an object, got 1");
}

TEST(SafetensorsRefusals, NameDeepNestingAtOnce) {
  const std::string deep(1'000'000, '[');
  EXPECT_EQ(refusal_of("{\"t\":" + deep + "}"),
            "x: tensor \"t\" must be an object, got an array");
}

}  // namespace
}  // namespace expandnet::testing
