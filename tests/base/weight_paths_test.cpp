#include "base/weight_paths.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace expandnet::testing {
namespace {

using Split = std::pair<std::string, std::string>;

TEST(WeightPaths, AreTakenApart) {
  EXPECT_EQ(split_last("a.b.c"), Split("a.b", "c"));
  EXPECT_EQ(split_last("c"), Split("", "c"));
  EXPECT_EQ(under("a.b", "c"), "a.b.c");
  EXPECT_EQ(under("", "c"), "c");
  EXPECT_TRUE(is_index("17"));
  for (const auto* name : {"", "017", "1a", "1234567890"}) {
    EXPECT_FALSE(is_index(name)) << name;
  }
}

TEST(WeightPaths, MatchPatternsPartByPart) {
  EXPECT_TRUE(matches("a.*.c", "a.b.c"));
  EXPECT_TRUE(matches("a.conv?", "a.conv1"));
  EXPECT_TRUE(matches("*.[12]", "a.2"));
  EXPECT_FALSE(matches("a.*", "a.b.c"));
  EXPECT_FALSE(matches("a.*.c", "a.c"));
  EXPECT_FALSE(matches("a", "ab"));
}

TEST(WeightPaths, MatchWithinTheModulesThatPatternsName) {
  EXPECT_TRUE(matches_within("a.*.c", "a.b.c.d"));
  EXPECT_TRUE(matches_within("a", "a.b"));
  EXPECT_TRUE(matches_within("a.b", "a.b"));
  EXPECT_FALSE(matches_within("a.*.c", "a.b.d.c"));
  EXPECT_FALSE(matches_within("a", "ab.c"));
  EXPECT_FALSE(matches_within("a.b.c", "a.b"));
  EXPECT_FALSE(matches_within("", "a"));
}

}  // namespace
}  // namespace expandnet::testing
