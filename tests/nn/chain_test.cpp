#include <c10/core/InferenceMode.h>
#include <expandnet/nn/chain.h>
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/serialize.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <sstream>

#include "testing.h"

namespace expandnet::testing {
namespace {

Chain conv_chain() { return Chain(plan(conv2d_layer(3, 4, 5), Strategy::kCK)); }

TEST(Chain, HasAKeyPerFactor) {
  auto chain = conv_chain();

  std::vector<std::string> keys;
  for (const auto& entry : chain->named_parameters())
    keys.push_back(entry.key());

  EXPECT_EQ(keys, (std::vector<std::string>{"0.weight", "0.bias", "1.weight",
                                            "1.bias"}));
}

TEST(Chain, FoldsLikeTheMathematics) {
  torch::manual_seed(0);
  auto chain = conv_chain();

  const auto [weight, bias] = chain->fold();

  const auto expected = fold(chain->plan(), chain->factors());
  EXPECT_TRUE(weight.equal(expected.weight));
  EXPECT_TRUE(bias.equal(expected.bias));
  EXPECT_TRUE(weight.requires_grad());
}

TEST(Chain, PullsGradientsBackTwice) {
  torch::manual_seed(0);
  auto chain = conv_chain();
  chain->to(at::kDouble);
  const auto x = torch::randn({2, 3, 7, 7}, at::kDouble);
  const auto second_order = [&](const Affine& compact) {
    const auto loss =
        torch::conv2d(x, compact.weight, compact.bias).pow(2).sum();
    const auto leaves = chain->parameters();
    const auto grads = torch::autograd::grad({loss}, leaves, {},
                                             /*retain_graph=*/true,
                                             /*create_graph=*/true);
    auto penalty = torch::zeros({}, at::kDouble);
    for (const auto& grad : grads) penalty = penalty + grad.square().sum();
    return torch::autograd::grad({penalty}, leaves);
  };

  const auto by_hand = second_order(chain->fold());
  const auto folded = fold(chain->plan(), chain->factors());
  const auto by_autograd = second_order({folded.weight, folded.bias});

  for (std::size_t i = 0; i < by_hand.size(); ++i) {
    EXPECT_LE(relative_error(by_hand[i], by_autograd[i]), 1e-12);
  }
}

TEST(ChainCache, IsReusedWhileNoFactorHasChanged) {
  auto chain = conv_chain();
  const torch::NoGradGuard no_grad;

  EXPECT_TRUE(chain->fold().weight.is_alias_of(chain->fold().weight));
}

TEST(ChainCache, SeesEveryWayToChangeAFactor) {
  torch::manual_seed(0);
  auto chain = conv_chain();
  const torch::NoGradGuard no_grad;
  const auto is_current = [&] {
    return chain->fold().weight.equal(
        fold(chain->plan(), chain->factors()).weight);
  };
  auto weight = chain->factors()[0].weight;
  ASSERT_TRUE(is_current());

  weight.mul_(2);
  EXPECT_TRUE(is_current());
  weight.set_data(torch::randn_like(weight));
  EXPECT_TRUE(is_current());
  // Freed and allocated again, maybe at the same address.
  for (int i = 0; i < 4; ++i) {
    weight.set_data(torch::randn_like(weight));
    EXPECT_TRUE(is_current());
  }
  std::stringstream file;
  torch::save(conv_chain(), file);
  torch::load(chain, file);
  EXPECT_TRUE(is_current());
  chain->to(at::kDouble);
  EXPECT_TRUE(is_current());
  chain->reset_parameters();
  EXPECT_TRUE(is_current());
}

TEST(ChainLoad, RefusesFactorsOfOtherSizes) {
  const auto layer = conv2d_layer(3, 8, 3);
  for (const auto strategy : {Strategy::kCL, Strategy::kCLSkip}) {
    std::stringstream file;
    torch::save(Chain(plan(layer, ExpansionOptions(strategy).rate(4))), file);
    Chain narrower(plan(layer, ExpansionOptions(strategy).rate(2)));
    const auto before = narrower->contracted().weight;

    EXPECT_EQ(error_of([&] { torch::load(narrower, file); }),
              "load: a factor must be [6, 3, 1, 1], got [12, 3, 1, 1] at "
              "\"0.weight\"; expand the model as the saved one was");
    EXPECT_TRUE(narrower->contracted().weight.equal(before));
  }
}

TEST(ChainCache, OfInferenceModeStaysThere) {
  auto chain = conv_chain();
  for (auto& parameter : chain->parameters()) parameter.requires_grad_(false);
  {
    const c10::InferenceMode inference;
    static_cast<void>(chain->fold());
  }
  auto x = torch::randn({1, 3, 7, 7}).requires_grad_();

  const auto [weight, bias] = chain->fold();
  torch::conv2d(x, weight, bias).sum().backward();

  EXPECT_TRUE(x.grad().defined());
}

TEST(ChainClone, IsIndependent) {
  torch::manual_seed(0);
  auto chain = conv_chain();
  const torch::NoGradGuard no_grad;
  const auto before = chain->fold().weight;

  const auto copy = std::dynamic_pointer_cast<ChainImpl>(chain->clone());
  ASSERT_NE(copy, nullptr);
  EXPECT_TRUE(copy->fold().weight.equal(before));
  copy->factors()[0].weight.zero_();

  EXPECT_TRUE(chain->fold().weight.equal(before));
  EXPECT_EQ(copy->fold().weight.abs().max().item<float>(), 0);
}

TEST(ChainDtype, KeepsMasterWeightsInHalfPrecision) {
  torch::manual_seed(0);
  auto chain = conv_chain();
  const auto before = chain->fold().weight.detach();

  chain->to(at::kBFloat16);

  EXPECT_EQ(chain->factors()[0].weight.scalar_type(), at::kFloat);
  EXPECT_EQ(chain->dtype(), at::kBFloat16);
  EXPECT_TRUE(chain->fold().weight.equal(before.to(at::kBFloat16)));
  chain->fold().weight.sum().backward();
  EXPECT_EQ(chain->factors()[0].weight.grad().scalar_type(), at::kFloat);

  chain->to(at::kDouble);
  EXPECT_EQ(chain->factors()[0].weight.scalar_type(), at::kDouble);
  EXPECT_EQ(chain->dtype(), at::kDouble);
}

TEST(ChainErrors, NameAnIntegerDtype) {
  auto chain = conv_chain();

  EXPECT_EQ(error_of([&] { chain->to(at::kInt); }),
            "Chain: factors must be floating point, got Int; use float or "
            "double");
  EXPECT_EQ(chain->factors()[0].weight.scalar_type(), at::kFloat);
}

TEST(ChainErrors, NameAFactorThatTheUserResized) {
  auto chain = conv_chain();
  chain->factors()[1].weight.set_data(torch::ones({4, 12, 5, 5}));

  EXPECT_EQ(error_of([&] { static_cast<void>(chain->fold()); }),
            "fold: factor 1's weight must be [4, 12, 3, 3], got [4, 12, 5, 5]; "
            "restore its shape");
}

TEST(ChainErrors, LeaveEveryFactorWhenValuesDoNotFit) {
  auto chain = conv_chain();
  auto values = chain->factors();
  for (auto& [weight, bias] : values) weight = torch::zeros_like(weight);
  values[1].weight = torch::zeros({1});

  EXPECT_EQ(error_of([&] { chain->set_factors(values); }),
            "set_factors: factor 1's weight must be [4, 12, 3, 3], got [1]; "
            "restore its shape");
  EXPECT_NE(chain->factors()[0].weight.abs().max().item<float>(), 0);
}

}  // namespace
}  // namespace expandnet::testing
