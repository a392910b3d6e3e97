// Sums of branches in files, read by what stands beside their factors.
#include <expandnet/deploy/contract_weights.h>
#include <expandnet/nn/expanded_conv_transpose.h>
#include <expandnet/passes/expand.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "fold/chain_layout.h"
#include "random_geometry.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

using torch::nn::Conv2dOptions;

torch::nn::Sequential net_of_sums() {
  return torch::nn::Sequential(
      torch::nn::Conv2d(Conv2dOptions(3, 8, 3).bias(true)),
      torch::nn::Conv2d(Conv2dOptions(8, 8, 3).groups(8).bias(false)),
      torch::nn::Conv2d(Conv2dOptions(8, 12, 3).groups(4).bias(true)));
}

Weights state_of_sums(const Expansion& expansion) {
  Weights weights;
  for (const auto& list :
       {expansion.named_parameters(), expansion.named_buffers()}) {
    for (const auto& item : list) {
      weights.tensors.emplace_back(item.key(), item.value().detach().clone());
    }
  }
  return weights;
}

TEST(ContractBranches, FoldsWhatIsInTheFile) {
  for (const auto strategy :
       {Strategy::kOREPA, Strategy::kACB, Strategy::kRep, Strategy::kCLSkip}) {
    torch::manual_seed(0);
    auto net = net_of_sums();
    auto expansion = expand(*net, strategy);
    const auto file = state_of_sums(expansion);

    const auto contracted = contract_weights(file);

    expansion.contract();
    ASSERT_EQ(contracted.weights.tensors.size(), net->parameters().size())
        << name(strategy);
    const auto expected = net->named_parameters();
    for (const auto& [key, tensor] : contracted.weights.tensors) {
      ASSERT_NE(expected.find(key), nullptr) << key;
      // Both are rounded once from fp64.
      EXPECT_LE(relative_error(tensor, expected[key]), 1e-7)
          << name(strategy) << " " << key;
    }
    EXPECT_EQ(contracted.report.layers.size(), 3U);
  }
}

TEST(ContractBranches, ReadsTransposedOnesAsTheCompactWeightSays) {
  torch::manual_seed(0);
  torch::nn::Sequential net(torch::nn::ConvTranspose2d(
      torch::nn::ConvTranspose2dOptions(4, 6, 3).stride(2).bias(true)));
  auto expansion = expand(*net, Strategy::kRep);
  auto file = state_of_sums(expansion);
  for (const auto& item : net->named_parameters()) {
    file.tensors.emplace_back(item.key(), item.value().detach().clone());
  }

  const auto contracted = contract_weights(file);

  expansion.contract();
  const auto expected = net->named_parameters();
  ASSERT_EQ(contracted.weights.tensors.size(), 2U);
  for (const auto& [key, tensor] : contracted.weights.tensors) {
    EXPECT_LE(relative_error(tensor, expected[key]), 1e-7) << key;
  }
}

/// A sum of a few hundred products in fp64, in another order.
constexpr double kFoldInFile = 1e-12;

/// What a chain of this plan saves.
Weights state_of(const Plan& plan, const std::vector<Affine>& factors) {
  Weights weights;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const auto name = "layer.chain." + std::to_string(i);
    weights.tensors.emplace_back(name + ".weight", factors[i].weight);
    if (factors[i].bias.defined()) {
      weights.tensors.emplace_back(name + ".bias", factors[i].bias);
    }
  }
  if (plan.is_plain()) return weights;
  const auto layout = layout_of(plan);
  for (const auto& [name, part] : kLayoutParts) {
    weights.tensors.emplace_back("layer.chain." + std::string(name),
                                 layout.*part);
  }
  return weights;
}

TEST(ContractBranches, ReadsEveryPlanFromWhatItSaves) {
  constexpr std::uint64_t kPlans = 200;
  for (std::uint64_t seed = 0; seed < kPlans; ++seed) {
    const auto geometry = random_branches(seed, at::kDouble);
    const auto& plan = geometry.plan;
    if (plan.layer.transposed) continue;  // no file says so

    const auto contracted = contract_weights(state_of(plan, geometry.factors));

    const auto expected = fold(plan, geometry.factors);
    EXPECT_LE(
        relative_error(contracted.weights.tensors[0].second, expected.weight),
        kFoldInFile)
        << "seed " << seed << ": " << describe_geometry(geometry);
  }
}

struct LoneBranch {
  const char* name;
  Branch branch;
};
void PrintTo(const LoneBranch& lone, std::ostream* stream) {
  *stream << lone.name;
}

/// One branch alone, whose factors may look like a chain's.
class LoneBranches : public ::testing::TestWithParam<LoneBranch> {
 protected:
  static std::vector<Conv2dOptions> layers() {
    const auto same = [](std::int64_t channels, std::int64_t groups) {
      return Conv2dOptions(channels, channels, 3).padding(1).groups(groups);
    };
    return {same(4, 1), same(4, 4), same(4, 4).bias(false), same(1, 1)};
  }
  [[nodiscard]] static ExpansionOptions options() {
    return ExpansionOptions().rate(2).branches({{GetParam().branch}});
  }
};

TEST_P(LoneBranches, AreReadFromWhatTheySave) {
  for (const auto& layer : layers()) {
    torch::manual_seed(0);
    torch::nn::Sequential net{torch::nn::Conv2d(layer)};
    auto expansion = expand(*net, options());

    const auto contracted = contract_weights(state_of_sums(expansion));

    expansion.contract();
    const auto expected = net->named_parameters();
    ASSERT_EQ(contracted.weights.tensors.size(), expected.size());
    for (const auto& [key, tensor] : contracted.weights.tensors) {
      EXPECT_LE(relative_error(tensor, expected[key]), 1e-7) << key;
    }
  }
}

TEST_P(LoneBranches, HoldALayersWeightWithTheirScaleAsItWasAsked) {
  for (const auto& layer : layers()) {
    torch::manual_seed(0);
    torch::nn::Sequential net{torch::nn::Conv2d(layer)};
    const auto before = net->parameters()[0].detach().clone();

    const auto preserving =
        options().initial_values(InitialValues::kPreserving);
    if (GetParam().branch.kind() == BranchKind::kDepthwiseSeparable &&
        layer.groups() < layer.in_channels()) {
      EXPECT_NE(error_of([&] { static_cast<void>(expand(*net, preserving)); }),
                "");
      continue;  // its groups are others than the layer's
    }
    const auto expansion = expand(*net, preserving);

    EXPECT_LE(relative_error(net->parameters()[0], before), kFloat.tolerance);
    const auto scale = GetParam().branch.scale();
    if (!scale) continue;
    const auto factors = expansion.named_parameters();
    auto last = torch::Tensor();
    for (const auto& item : factors) {
      if (item.key().find("weight") != std::string::npos) last = item.value();
    }
    EXPECT_TRUE(last.eq(*scale).all().item<bool>());
  }
}

INSTANTIATE_TEST_SUITE_P(
    , LoneBranches,
    ::testing::Values(
        LoneBranch{"kernel", Branch().scale(0.25).bias(true)},
        LoneBranch{"chain", Branch(BranchKind::kChain)
                                .strategy(Strategy::kCL)
                                .scale(0.25)
                                .bias(true)},
        LoneBranch{
            "plain_chain",
            Branch(BranchKind::kChain).strategy(Strategy::kCL).bias(true)},
        LoneBranch{"pointwise_kernel",
                   Branch(BranchKind::kPointwiseKernel).width(2).bias(true)},
        LoneBranch{
            "depthwise_separable",
            Branch(BranchKind::kDepthwiseSeparable).width(2).bias(true)}),
    [](const auto& test) { return std::string(test.param.name); });

std::string refusal_of_sum(const Weights& weights) {
  return error_of([&] { static_cast<void>(contract_weights(weights)); });
}

TEST(ContractBranchErrors, NameWhatDoesNotGoTogether) {
  torch::manual_seed(0);
  torch::nn::Sequential net(
      torch::nn::Conv2d(Conv2dOptions(3, 8, 3).bias(false)));
  auto file = state_of_sums(expand(*net, Strategy::kRep));
  const auto without = [&](const std::string& key) {
    auto fewer = file;
    fewer.tensors.erase(
        std::remove_if(fewer.tensors.begin(), fewer.tensors.end(),
                       [&](const auto& item) { return item.first == key; }),
        fewer.tensors.end());
    return fewer;
  };

  EXPECT_EQ(refusal_of_sum(without("0.chain.3.weight")),
            "contract_weights: the factors of a chain must be those of its "
            "layout, got 0 [8, 3, 3, 3], 1 [8, 1, 1, 1], 2 [8, 3, 1, 1] at "
            "\"0.chain\"; read all files, where it stands in several");
  EXPECT_EQ(refusal_of_sum(without("0.chain.factors")),
            "contract_weights: a sum of branches needs branches, factors and "
            "layer beside its factors, got only branches, layer at "
            "\"0.chain\"; save all of named_buffers()");
  auto parameters = file;
  parameters.tensors.erase(
      std::remove_if(parameters.tensors.begin(), parameters.tensors.end(),
                     [](const auto& item) {
                       return item.first.rfind(".weight") == std::string::npos;
                     }),
      parameters.tensors.end());
  const auto message = refusal_of_sum(parameters);
  EXPECT_NE(message.find("; read all files, where it stands in several, and "
                         "save named_buffers() of a sum of branches"),
            std::string::npos)
      << message;
}

}  // namespace
}  // namespace expandnet::testing
