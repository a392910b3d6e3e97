#include <expandnet/nn/expanded_conv.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "testing.h"

namespace expandnet::testing {
namespace {

ExpandedConv2d twin() {
  return ExpandedConv2d(
      torch::nn::Conv2dOptions(3, 4, 3).padding(1),
      ExpansionOptions(Strategy::kCL).activation(torch::relu));
}

TEST(Twin, AppliesTheActivationBetweenItsFactors) {
  torch::manual_seed(0);
  auto module = twin();
  const auto x = torch::randn({2, 3, 6, 6});

  const auto output = module(x);

  const auto factors = module->chain->factors();
  auto y = torch::conv2d(x, factors[0].weight, factors[0].bias, 1, 1);
  y = torch::conv2d(torch::relu(y), factors[1].weight, factors[1].bias);
  y = torch::conv2d(torch::relu(y), factors[2].weight, factors[2].bias);
  EXPECT_LE(relative_error(output, y), 1e-6);
  EXPECT_TRUE(module->is_twin());
}

TEST(Twin, HandsItsFactorsToALinearChain) {
  torch::manual_seed(0);
  auto from = twin();
  ExpandedConv2d into(torch::nn::Conv2dOptions(3, 4, 3).padding(1),
                      Strategy::kCL);
  const auto kept = into->chain->factors()[1].weight;

  into->chain->set_factors(from->chain->factors());

  EXPECT_TRUE(kept.equal(from->chain->factors()[1].weight));
  EXPECT_FALSE(kept.is_alias_of(from->chain->factors()[1].weight));
}

TEST(TwinErrors, SayThatItIsNotLinear) {
  auto module = twin();

  EXPECT_EQ(error_of([&] { module->set_execution(Execution::kFolded); }),
            "ExpandedConv2d: a nonlinear twin runs chained, got kFolded; hand "
            "its factors over to a linear chain");
  EXPECT_EQ(error_of([&] { module->contract(); }),
            "ExpandedConv2d: only a linear chain contracts, got a nonlinear "
            "twin; hand its factors over to a linear chain");
}

}  // namespace
}  // namespace expandnet::testing
