#include <expandnet/models/small_net.h>
#include <expandnet/models/small_net_recipes.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <string>
#include <vector>

#include "trainers/app/runs/pace_notes.h"
#include "trainers/app/runs/trainable_model.h"
#include "trainers/app/runs/training_options.h"

namespace expandnet::examples {
namespace {

/// A net whose weights are `factor` times LibTorch's default, with chains that
/// keep them.
TrainableModel preserved(const Settings& settings, double factor,
                         const std::string& recipe = "cl") {
  torch::manual_seed(0);
  models::SmallNet net(models::SmallNetOptions().kernel_size(3));
  const torch::NoGradGuard no_grad;
  for (auto& parameter : net->parameters()) parameter.mul_(factor);
  const auto chosen = models::small_net_recipe("cl");
  return weight_space_model(
      train::model_of(net), recipe,
      [&](const std::string& path, const torch::nn::Module& module) {
        auto options = chosen(path, module);
        if (options) options->initial_values(InitialValues::kPreserving);
        return options;
      },
      Machine(), settings);
}

std::vector<double> rates_of(const torch::optim::Optimizer& optimizer) {
  std::vector<double> rates;
  for (const auto& group : optimizer.param_groups()) {
    rates.push_back(group.options().get_lr());
  }
  return rates;
}

StepScale fastest_of(const TrainableModel& trainable) {
  const auto scales = scales_of(trainable);
  return *std::max_element(
      scales.begin(), scales.end(),
      [](const auto& a, const auto& b) { return a.mean < b.mean; });
}

TEST(Pace, OfChainsIsAMultipleOfTheRate) {
  Settings settings;
  settings.lr = 0.5;
  settings.lr_chains = 0.25;
  const auto trainable = preserved(settings, 1);

  const auto optimizer = make_optimizer(settings, trainable);

  // All that is not expanded, then all chains.
  EXPECT_EQ(rates_of(*optimizer), (std::vector<double>{0.5, 0.125}));
  std::size_t parameters = 0;
  for (const auto& group : optimizer->param_groups()) {
    parameters += group.params().size();
  }
  EXPECT_EQ(parameters, trainable.parameters().size());
}

TEST(Pace, OfSlowChainsStays) {
  Settings settings;
  settings.lr_chains = 0;
  const auto trainable = preserved(settings, 0.01);

  for (const auto& layer : scales_of(trainable)) EXPECT_LT(layer.mean, 1);
  EXPECT_EQ(rates_of(*make_optimizer(settings, trainable)),
            std::vector<double>(4, settings.lr));
  EXPECT_EQ(pace_notes(trainable, settings),
            std::vector<std::string>{
                "--lr-chains 0 multiplies the learning rates of the chains by "
                "1 (" +
                fastest_of(trainable).path + ") to 1"});
}

TEST(Pace, OfTheCompactLayersIsMeasured) {
  Settings settings;
  settings.lr = 0.5;
  settings.lr_chains = 0;
  const auto trainable = preserved(settings, 4);
  const auto scales = scales_of(trainable);

  const auto rates = rates_of(*make_optimizer(settings, trainable));

  ASSERT_EQ(scales.size(), 3U);
  ASSERT_EQ(rates.size(), 4U);
  EXPECT_EQ(rates[0], 0.5);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_GT(scales[i].mean, 2);
    EXPECT_EQ(rates[i + 1], 0.5 * (1 / scales[i].mean));
  }
}

/// What a step at --lr moves the second weight by, along its gradient.
double first_move(const Settings& settings, const std::string& recipe) {
  auto trainable = preserved(settings, 4, recipe);
  auto optimizer = make_optimizer(settings, trainable);
  auto& net = *trainable.model.module;
  const auto weight = net.named_parameters()["conv2.weight"];
  const auto before = weight.detach().clone();
  torch::manual_seed(1);
  const auto direction = torch::randn_like(before);
  (weight * direction).sum().backward();
  const torch::NoGradGuard no_grad;
  if (trainable.expansion) {
    trainable.expansion->step(*optimizer);
  } else {
    optimizer->step();
  }
  return ((before - weight) * direction).sum().item<double>();
}

TEST(Pace, ThatIsMeasuredMovesTheWeightAsFarAsWithoutAChain) {
  Settings settings;
  settings.lr = 1e-4;  // of which the second order can be neglected
  settings.momentum = 0;
  const auto compact = first_move(settings, "none");
  const auto fast = first_move(settings, "cl") / compact;
  settings.lr_chains = 0;
  const auto measured = first_move(settings, "cl") / compact;

  EXPECT_GT(fast, 3);
  // The scale is the mean over directions, of which this is one.
  EXPECT_NEAR(measured, 1, 0.15);
}

TEST(Pace, IsNotedWhereChainsAreFast) {
  Settings settings;
  settings.init = {InitialValues::kPreserving};
  const auto fast = preserved(settings, 8);
  const auto fastest = fastest_of(fast);

  EXPECT_EQ(pace_notes(fast, settings),
            std::vector<std::string>{fmt::format(
                "{}: at the start a step moves the weight {:.2g} times as far "
                "as the same --lr moves a compact one, the most of all chains; "
                "if the loss grows, lower --lr or give --lr-chains 0",
                fastest.path, fastest.mean)});
  EXPECT_TRUE(pace_notes(preserved(settings, 0.5), settings).empty());
  EXPECT_TRUE(pace_notes(preserved(settings, 8, "none"), settings).empty());
  settings.lr_chains = 0.5;
  EXPECT_TRUE(pace_notes(fast, settings).empty());
  settings.lr_chains = 0;
  EXPECT_EQ(pace_notes(fast, settings),
            std::vector<std::string>{fmt::format(
                "--lr-chains 0 multiplies the learning rates of the chains by "
                "{:.2g} ({}) to 1",
                1 / fastest.mean, fastest.path)});
  settings.lr_chains = 1;
  settings.optimizer = OptimizerChoice::kAdamW;
  EXPECT_TRUE(pace_notes(fast, settings).empty());
  settings.optimizer = OptimizerChoice::kSGD;
  settings.init = {InitialValues::kKaimingNormal};
  EXPECT_TRUE(pace_notes(fast, settings).empty());
}

}  // namespace
}  // namespace expandnet::examples
