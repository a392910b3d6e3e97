#include <ATen/Parallel.h>
#include <expandnet/passes/contract.h>
#include <expandnet/passes/verify.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "fold/relative_error.h"
#include "nn/models.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

TEST(Verify, ReportsWhatContractWillAndChangesNothing) {
  torch::manual_seed(0);
  ExpandedNet net;
  const auto keys = net->named_parameters().keys();

  const auto verified = verify(*net);

  EXPECT_EQ(net->named_parameters().keys(), keys);
  EXPECT_EQ(verified.to_string(), contract(*net).to_string());
}

TEST(Verify, NamesItselfInErrors) {
  CompactNet plain;

  EXPECT_EQ(error_of([&] { verify(*plain); }),
            "verify: the model must hold an expanded layer, got none; build "
            "it with ExpandedConv2d, ExpandedLinear or their siblings");
}

TEST(Verify, LeavesTheNumberOfThreads) {
  ExpandedNet net;
  const auto before = at::get_num_threads();
  at::set_num_threads(3);

  verify(*net);

  EXPECT_EQ(at::get_num_threads(), 3);
  at::set_num_threads(before);
}

TEST(VerifyError, IsTheLargestDifferenceNotTheirSum) {
  // Signed differences that cancel must not hide.
  const auto expected = torch::ones({2});
  const auto actual = torch::tensor({1.5, 0.5});

  EXPECT_DOUBLE_EQ(expandnet::relative_error(actual, expected), 0.5);
}

TEST(VerifyError, IsNotANumberForNan) {
  const auto nan = torch::ones({2}) / 0 * 0;

  EXPECT_FALSE(expandnet::relative_error(nan, torch::ones({2})) <= 1e9);
}

}  // namespace
}  // namespace expandnet::testing
