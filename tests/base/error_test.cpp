#include "base/error.h"

#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <stdexcept>

#include "files.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

TEST(ErrorMessage, NamesWhereRuleValueAndRemedy) {
  EXPECT_EQ(error_message("expand", "rate must be positive", "-1", "use 4"),
            "expand: rate must be positive, got -1; use 4");
  EXPECT_EQ(error_message("expand", "rate must be positive", "-1"),
            "expand: rate must be positive, got -1");
}

TEST(ErrorMessage, HasATypeForEachCause) {
  EXPECT_EQ(error_of([] { throw_argument_error("f", "r", "v", "m"); }),
            "f: r, got v; m");
  EXPECT_EQ(failure_of([] { throw_file_error("\"x\"", "r", "v"); }),
            "\"x\": r, got v");
  EXPECT_EQ(failure_of([] { throw_system_error("open", "x.png", ENOENT); }),
            "cannot open \"x.png\": No such file or directory");
  EXPECT_EQ(failure_of([] { throw_system_error("map", "x", ENOMEM, "m"); }),
            "cannot map \"x\": Cannot allocate memory; m");
}

TEST(MessageOf, LeavesOutTheStackTrace) {
  try {
    TORCH_CHECK(false, "a sentence");
  } catch (const std::exception& error) {
    EXPECT_EQ(message_of(error), "a sentence");
  }
  EXPECT_EQ(message_of(std::runtime_error("another")), "another");
}

}  // namespace
}  // namespace expandnet::testing
