#include <expandnet/models/small_net.h>
#include <expandnet/models/small_net_recipes.h>
#include <expandnet/passes/expand.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <string>
#include <vector>

#include "trainers/app/runs/spread_notes.h"

namespace expandnet::examples {
namespace {

double root_mean_square(const torch::Tensor& tensor) {
  return tensor.to(torch::kDouble).norm().item<double>() /
         std::sqrt(static_cast<double>(tensor.numel()));
}

models::SmallNet small_net() {
  torch::manual_seed(0);
  return models::SmallNet(models::SmallNetOptions().kernel_size(3));
}

TEST(Spread, IsTheRootMeanSquareOfEachWeight) {
  const auto net = small_net();
  const auto spreads = spreads_of(*net);

  std::size_t weights = 0;
  for (const auto& parameter : net->named_parameters()) {
    const auto found = spreads.find(parameter.key());
    if (parameter.value().dim() == 1) {
      EXPECT_EQ(found, spreads.end()) << parameter.key();
      continue;
    }
    ASSERT_NE(found, spreads.end()) << parameter.key();
    EXPECT_NEAR(found->second, root_mean_square(parameter.value()), 1e-12);
    ++weights;
  }
  EXPECT_EQ(spreads.size(), weights);
}

std::string note_on(const std::string& weight, double share) {
  return fmt::format(
      "{} starts with {:.2g} of the spread of the compact layer's, the least "
      "of "
      "all chains; with --init matched chains start with the same spread",
      weight, share);
}

TEST(Spread, IsNotedOfTheLayerThatHasLostMost) {
  torch::manual_seed(0);
  torch::nn::Sequential net(
      torch::nn::Conv2d(torch::nn::Conv2dOptions(8, 8, 3)),
      torch::nn::Conv2d(torch::nn::Conv2dOptions(8, 8, 3)));
  const auto before = spreads_of(*net);
  const torch::NoGradGuard no_grad;
  net[0]->named_parameters()["weight"].mul_(0.75);
  EXPECT_TRUE(spread_notes(before, *net, Settings()).empty());
  net[0]->named_parameters()["weight"].mul_(0.5);
  net[1]->named_parameters()["weight"].mul_(0.25);

  EXPECT_EQ(spread_notes(before, *net, Settings()),
            std::vector<std::string>{note_on("1.weight", 0.25)});
  Settings matched;
  matched.init = {InitialValues::kMatched};
  EXPECT_TRUE(spread_notes(before, *net, matched).empty());
}

TEST(Spread, IsNotedWhereChainsHaveLostIt) {
  auto net = small_net();
  const auto before = spreads_of(*net);
  const auto expansion = expand(*net, models::small_net_recipe("cl+fc"));
  const auto share =
      spreads_of(*net).at("fc1.weight") / before.at("fc1.weight");
  ASSERT_LT(share, kNotableSpread);

  // Its convolutions have lost it, too, but BatchNorms follow.
  EXPECT_EQ(spread_notes(before, *net, Settings()),
            std::vector<std::string>{note_on("fc1.weight", share)});
}

TEST(Spread, OfMatchedChainsStays) {
  auto net = small_net();
  const auto before = spreads_of(*net);
  const auto selector = default_selector(
      *net, ExpansionOptions().initial_values(InitialValues::kMatched));
  const auto expansion = expand(*net, selector);

  EXPECT_TRUE(spread_notes(before, *net, Settings()).empty());
}

TEST(Spread, IsNotNotedBeforeBatchNorm) {
  torch::manual_seed(0);
  torch::nn::Sequential net(
      torch::nn::Conv2d(torch::nn::Conv2dOptions(8, 8, 3)),
      torch::nn::BatchNorm2d(8));
  const auto before = spreads_of(*net);
  const auto expansion = expand(*net);

  EXPECT_TRUE(spread_notes(before, *net, Settings()).empty());
}

}  // namespace
}  // namespace expandnet::examples
