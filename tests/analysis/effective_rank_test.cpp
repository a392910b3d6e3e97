#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <expandnet/analysis/effective_rank.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <cmath>
#include <limits>

#include "testing.h"

namespace expandnet::analysis {
namespace {

using expandnet::testing::error_of;

TEST(EffectiveRank, IsTheNumberOfEqualDirections) {
  EXPECT_NEAR(effective_rank(3 * at::eye(5, at::kDouble)), 5, 1e-12);
  EXPECT_NEAR(effective_rank(at::ones({4, 3, 3, 3})), 1, 1e-6);
  EXPECT_EQ(effective_rank(at::zeros({4, 3})), 0);
}

TEST(EffectiveRank, IsTheExponentialOfTheEntropy) {
  // Shares 1/2, 1/4, 1/4.
  const auto weight = at::diag(at::tensor({2.0, 1.0, 1.0}, at::kDouble));
  EXPECT_NEAR(effective_rank(weight), std::exp(1.5 * std::log(2.0)), 1e-12);
}

TEST(EffectiveRank, DoesNotDependOnScaleOrBasis) {
  torch::manual_seed(3);
  const auto weight = at::randn({6, 2, 2, 2}, at::kDouble);
  const auto basis = std::get<0>(at::linalg_qr(at::randn({6, 6}, at::kDouble)));
  const auto turned = basis.mm(weight.flatten(1)).view(weight.sizes());
  EXPECT_NEAR(effective_rank(7 * turned), effective_rank(weight), 1e-10);
}

TEST(EffectiveRankErrors, NameTheRuleAndTheValue) {
  EXPECT_EQ(error_of([] { (void)effective_rank(at::ones({4})); }),
            "effective_rank: a weight must have two dimensions and an element, "
            "got [4]");
  EXPECT_EQ(error_of([] {
              (void)effective_rank(
                  at::full({2, 2}, std::numeric_limits<double>::infinity()));
            }),
            "effective_rank: a weight must be finite, got an element that is "
            "not");
}

}  // namespace
}  // namespace expandnet::analysis
