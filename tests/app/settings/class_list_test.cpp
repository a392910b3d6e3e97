#include "trainers/app/settings/class_list.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace expandnet::examples {
namespace {

std::string error_of(const std::string& text) {
  try {
    static_cast<void>(read_class_list(text));
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(ClassLists, AreReadAsTheyWereWritten) {
  const std::vector<std::string> names = {"n01, \"x\"", "a", "\xff"};
  EXPECT_EQ(class_list(names), "n01, \"x\"\na\n\xff\n");
  EXPECT_EQ(read_class_list(class_list(names)), names);
  EXPECT_TRUE(read_class_list("").empty());
}

TEST(ClassLists, HaveEachClassOnce) {
  EXPECT_EQ(error_of("b\na\n"), "");
  EXPECT_EQ(error_of("a\nb\na\n"), "a class must be there once, got \"a\"");
}

TEST(ClassLists, HaveALineForEachClass) {
  EXPECT_EQ(error_of("a\n\nb\n"),
            "the name of a class must be one line, got \"\"");
  try {
    static_cast<void>(class_list({"a\nb\x1b[2J"}));
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(),
                 "--data: the name of a class must be one line, got "
                 "\"a\\x0ab\\x1b[2J\"; rename the folder of that class");
  }
}

}  // namespace
}  // namespace expandnet::examples
