// Sums of branches as modules run them.
#include <expandnet/nn/chain.h>
#include <expandnet/nn/expanded_conv.h>
#include <expandnet/nn/expanded_conv_transpose.h>
#include <expandnet/nn/run.h>
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "random_geometry.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

constexpr std::uint64_t kSums = 200;

/// Sums of up to nine branches, each up to four products deep.
constexpr double kSameSum = 1e-12;

/// max |actual - expected| over all tensors, relative to the largest number:
/// a gradient may be zero but for rounding.
double error_of_all(const std::vector<at::Tensor>& actual,
                    const std::vector<at::Tensor>& expected) {
  double error = 0, scale = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    error =
        std::max(error, (actual[i] - expected[i]).abs().max().item<double>());
    scale = std::max(scale, expected[i].abs().max().item<double>());
  }
  return error == 0 ? 0 : error / scale;
}

TEST(BranchChain, FoldsWithTheGradientsOfItsFeatureMaps) {
  for (const auto draw : {random_branches, random_given_branches}) {
    for (std::uint64_t seed = 0; seed < kSums; ++seed) {
      const auto geometry = draw(seed, at::kDouble);
      Chain chain(geometry.plan);
      chain->to(at::kDouble);
      chain->set_factors(geometry.factors);
      const auto leaves = chain->parameters();
      if (leaves.empty()) continue;
      const auto& x = geometry.input;
      const auto gradients = [&](const at::Tensor& output) {
        torch::manual_seed(seed);
        const auto weights = torch::randn(output.sizes(), at::kDouble);
        return torch::autograd::grad({(output * weights).sum()}, leaves);
      };

      const auto folded = run_compact(chain->plan().layer, chain->fold(), x);
      const auto chained = run_chain(chain->plan(), chain->factors(), x);

      ASSERT_LE(relative_error(folded, chained), kSameSum)
          << "seed " << seed << ": " << describe_geometry(geometry);
      EXPECT_LE(error_of_all(gradients(folded), gradients(chained)), kSameSum)
          << "seed " << seed << ": " << describe_geometry(geometry);
    }
  }
}

/// Every kind that fits any layer.
ExpansionOptions every_kind() {
  return ExpansionOptions().rate(2).branches(
      {{Branch().scale(0.5).bias(true),
        Branch(BranchKind::kChain).strategy(Strategy::kCL).scale(0.7),
        Branch(BranchKind::kPointwiseKernel).bias(true),
        Branch(BranchKind::kDepthwiseSeparable).width(2).scale(-1),
        Branch(BranchKind::kAverage).scale(0.25),
        Branch(BranchKind::kCosine).scale(0.1), BranchKind::kAverage}});
}

/// Outputs, and gradients of the input and of all factors, agree folded,
/// chained and (the outputs) contracted.
template <typename Layer, typename Options>
void expect_same_execution(const Options& layer_options, const at::Tensor& x) {
  for (const auto& options : {every_kind(), ExpansionOptions(Strategy::kOREPA),
                              ExpansionOptions(Strategy::kRep),
                              ExpansionOptions(Strategy::kCLSkip)}) {
    torch::manual_seed(0);
    Layer layer(layer_options, options);
    layer->to(at::kDouble);
    auto leaves = layer->parameters();
    leaves.push_back(x.detach().clone().requires_grad_());
    std::vector<at::Tensor> outputs;
    std::vector<std::vector<at::Tensor>> gradients;
    for (const auto execution : {Execution::kFolded, Execution::kChained}) {
      layer->set_execution(execution);
      outputs.push_back(layer->forward(leaves.back()));
      gradients.push_back(
          torch::autograd::grad({outputs.back().square().sum()}, leaves));
    }
    layer->contract();
    outputs.push_back(layer->forward(x));

    EXPECT_LE(relative_error(outputs[0], outputs[1]), kSameSum);
    EXPECT_LE(relative_error(outputs[2], outputs[1]), kSameSum);
    EXPECT_LE(error_of_all(gradients[0], gradients[1]), kSameSum);
  }
}

TEST(BranchModules, RunFoldedAsChained) {
  torch::manual_seed(0);
  expect_same_execution<ExpandedConv1d>(
      torch::nn::Conv1dOptions(4, 6, 5).stride(2).padding(4).dilation(2),
      torch::randn({2, 4, 15}, at::kDouble));
  for (const auto& options :
       {torch::nn::Conv2dOptions(4, 6, 3).padding(1).groups(2),
        torch::nn::Conv2dOptions(4, 4, {5, 3})
            .padding({2, 1})
            .padding_mode(torch::kReflect),
        torch::nn::Conv2dOptions(4, 4, 3).stride(2).padding(1).groups(4),
        torch::nn::Conv2dOptions(4, 8, 3).dilation(2).padding(torch::kSame)}) {
    expect_same_execution<ExpandedConv2d>(
        options, torch::randn({2, 4, 11, 9}, at::kDouble));
  }
  expect_same_execution<ExpandedConv3d>(
      torch::nn::Conv3dOptions(2, 4, 3).stride({1, 2, 1}).padding(1),
      torch::randn({1, 2, 5, 6, 4}, at::kDouble));
  expect_same_execution<ExpandedConvTranspose2d>(
      torch::nn::ConvTranspose2dOptions(4, 6, 3)
          .stride(2)
          .padding(1)
          .output_padding(1)
          .groups(2),
      torch::randn({2, 4, 5, 4}, at::kDouble));
}

}  // namespace
}  // namespace expandnet::testing
