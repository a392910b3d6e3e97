#include "base/libtorch_errors.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <stdexcept>
#include <string>

namespace gloo {

class IoException : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace gloo

namespace expandnet::testing {
namespace {

TEST(LibTorchErrors, TellAWriteBetweenForwardAndBackward) {
  auto weight = torch::ones({2}, torch::requires_grad());
  const auto loss = (weight * weight).sum();
  {
    const torch::NoGradGuard no_grad;
    weight.add_(1);
  }
  try {
    loss.backward();
    ADD_FAILURE() << "LibTorch did not notice the write";
  } catch (const std::exception& error) {
    EXPECT_TRUE(is_modified_in_place(error)) << error.what();
    EXPECT_FALSE(is_unfinished_reduction(error));
    EXPECT_FALSE(is_from_c10d(error));
  }
  EXPECT_FALSE(is_modified_in_place(std::runtime_error("another")));
}

TEST(LibTorchErrors, HaveAFirstLineThatIsNotEmpty) {
  const auto first = [](const char* message) {
    return first_line_of(std::runtime_error(message));
  };
  EXPECT_EQ(first("one\ntwo"), "one");
  EXPECT_EQ(first("\n\none\ntwo"), "one");
  EXPECT_EQ(first("\n"), "");
}

// tests/distributed has the errors that c10d and Gloo really throw.
TEST(LibTorchErrors, TellC10dFromOthers) {
  EXPECT_TRUE(is_from_c10d(gloo::IoException("connection closed")));
  EXPECT_TRUE(is_from_c10d(c10::DistBackendError({}, "timeout")));
  EXPECT_FALSE(is_from_c10d(std::runtime_error("gloo")));
  EXPECT_TRUE(is_unfinished_reduction(std::runtime_error(
      "Expected to have finished reduction in the prior iteration")));
}

// tests/deploy has the error that LibTorch really throws.
TEST(LibTorchErrors, NameAnOperatorThatIsUnknown) {
  const auto unknown_in = [](const std::string& message) {
    return unknown_operator_in(std::runtime_error(message));
  };
  EXPECT_EQ(unknown_in("\nUnknown builtin op: mylib::twice.\nCould not find"),
            "mylib::twice");
  EXPECT_EQ(unknown_in("Unknown builtin op: a::b"), "a::b");
  EXPECT_EQ(unknown_in("another"), "");
}

TEST(LibTorchErrors, HaveAFirstLine) {
  EXPECT_EQ(first_line_of(std::runtime_error("a\nb")), "a");
  EXPECT_EQ(first_line_of(std::runtime_error("a")), "a");
}

}  // namespace
}  // namespace expandnet::testing
