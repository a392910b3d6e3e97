#include <expandnet/fold/step_scale.h>
#include <expandnet/nn/expanded_conv.h>
#include <expandnet/nn/expanded_linear.h>
#include <expandnet/passes/contract.h>
#include <expandnet/passes/expand.h>
#include <expandnet/passes/step_scales.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <set>

#include "nn/models.h"
#include "passes/pair.h"
#include "passes/walk.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

TEST(StepScales, OfAnExpansionAndOfModulesAreThoseOfTheirChains) {
  Pair pair(at::kDouble, Execution::kFolded);

  const auto by_weights = pair.expansion->step_scales();
  const auto by_modules = step_scales(*pair.expanded);

  ASSERT_EQ(by_weights.size(), pair.expansion->size());
  ASSERT_EQ(by_modules.size(), by_weights.size());
  const auto factors = pair.expansion->named_parameters();
  const auto layers = expanded_layers(*pair.expanded);
  for (std::size_t i = 0; i < by_weights.size(); ++i) {
    EXPECT_EQ(by_weights[i].path, by_modules[i].path);
    EXPECT_NEAR(by_weights[i].mean / by_modules[i].mean, 1, 1e-12);
    const auto& chain = *layers[i].layer->chain;
    EXPECT_EQ(by_modules[i].mean,
              mean_step_scale(chain.plan(), chain.factors()));
    std::size_t of_layer = 0;
    for (const auto& factor : factors) {
      if (factor.key().rfind(by_weights[i].path + ".", 0) != 0) continue;
      ASSERT_LT(of_layer, by_weights[i].parameters.size());
      EXPECT_TRUE(by_weights[i].parameters[of_layer++].is_same(factor.value()));
    }
    EXPECT_EQ(of_layer, by_weights[i].parameters.size());
  }
}

TEST(StepScales, AndTheOtherParametersAreAllThatTrains) {
  Pair pair(at::kDouble, Execution::kFolded);
  std::set<const void*> groups;
  for (const auto& parameter : pair.expansion->other_parameters()) {
    EXPECT_TRUE(groups.insert(parameter.unsafeGetTensorImpl()).second);
  }
  for (const auto& layer : pair.expansion->step_scales()) {
    for (const auto& parameter : layer.parameters) {
      EXPECT_TRUE(groups.insert(parameter.unsafeGetTensorImpl()).second);
    }
  }

  std::set<const void*> all;
  for (const auto& parameter : pair.expansion->parameters()) {
    all.insert(parameter.unsafeGetTensorImpl());
  }
  EXPECT_EQ(groups, all);
}

TEST(StepScales, OfNarrowedChainsAreThoseOfTheWideOnes) {
  const auto options = ExpansionOptions(Strategy::kFC).widths({200, 30});
  const auto scale_of = [](ExpansionOptions asked, bool narrow) {
    torch::manual_seed(0);
    torch::nn::Sequential net(torch::nn::Linear(12, 10),
                              torch::nn::Linear(10, 4));
    net->to(at::kDouble);
    auto expansion = expand(*net, asked.narrow(narrow));
    EXPECT_EQ(expansion.summary().rows[0].kept_parameters.has_value(), narrow);
    return expansion.step_scales().at(0).mean;
  };

  // The same gradients in another basis. Factors are drawn and narrowed in
  // float.
  EXPECT_NEAR(scale_of(options, true) / scale_of(options, false), 1, 1e-6);
}

TEST(StepScales, OfTwinsAreNone) {
  torch::manual_seed(0);
  torch::nn::Sequential twin(
      ExpandedLinear(torch::nn::LinearOptions(4, 3),
                     ExpansionOptions().activation(torch::relu)));

  EXPECT_TRUE(step_scales(*twin).empty());
}

TEST(StepScales, OfContractedLayersAreNone) {
  Pair pair(at::kDouble, Execution::kFolded);

  static_cast<void>(pair.expansion->contract());
  static_cast<void>(contract(*pair.expanded));

  EXPECT_TRUE(pair.expansion->step_scales().empty());
  EXPECT_TRUE(step_scales(*pair.expanded).empty());
}

}  // namespace
}  // namespace expandnet::testing
