#include "base/text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/table.h"

namespace expandnet::testing {
namespace {

TEST(InQuotes, LeavesThePathAsItIs) {
  const std::string path(200, 'x');
  EXPECT_EQ(in_quotes(path + "\xC3\xA9"), "\"" + path + "\xC3\xA9\"");
}

TEST(QuotedName, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(quoted_name("conv1.weight"), "\"conv1.weight\"");
  EXPECT_EQ(quoted_name(std::string("a\n\x1b\0\xff", 5)),
            "\"a\\x0a\\x1b\\x00\\xff\"");
  EXPECT_EQ(quoted_name(std::string(81, 'x')),
            "\"" + std::string(80, 'x') + "\"...");
}

TEST(Split, KeepsEmptyParts) {
  using Parts = std::vector<std::string>;
  EXPECT_EQ(split("a.b", '.'), (Parts{"a", "b"}));
  EXPECT_EQ(split(",a,,", ','), (Parts{"", "a", "", ""}));
  EXPECT_EQ(split("", ','), Parts{""});
}

TEST(HexBytes, AreTwoDigitsEach) {
  EXPECT_EQ(hex_bytes({0xFF, 0x0A, 0x00}), "ff 0a 00");
  EXPECT_EQ(hex_bytes({}), "");
}

TEST(Sizes, StandAsLibTorchPrintsThem) {
  EXPECT_EQ(sizes(std::vector<std::int64_t>{8, 3, 7}), "[8, 3, 7]");
  EXPECT_EQ(sizes(std::vector<std::int64_t>{}), "[]");
  EXPECT_EQ(joined(std::vector<int>{7, 5}, "x"), "7x5");
}

TEST(RenderTable, AlignsByCodePoints) {
  const std::vector<std::string> header = {"net", "widths", "%"};
  EXPECT_EQ(render_table(header, {{"a", "3 -> 8", "86.1 ± 0.4"}}),
            "net  widths           %\n"
            "---  ------  ----------\n"
            "a    3 -> 8  86.1 ± 0.4\n");
  EXPECT_EQ(render_table({"net", "n"}, {{"a", "10"}}, {1, false}),
            "net   n\n"
            "a    10\n");
}

TEST(Numbers, AreShownWithUnits) {
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(std::nullopt), "-");
  EXPECT_EQ(scientific(2.44e-16), "2.4e-16");
  EXPECT_EQ(bytes(1536), "1.5 KiB");
}

}  // namespace
}  // namespace expandnet::testing
