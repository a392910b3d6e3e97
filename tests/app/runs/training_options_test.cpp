#include "trainers/app/runs/training_options.h"

#include <gtest/gtest.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>

#include <vector>

namespace expandnet::examples {
namespace {

/// A weight, a bias, a weight and a BatchNorm's scale.
std::vector<torch::Tensor> some_parameters() {
  std::vector<torch::Tensor> parameters;
  for (const auto& sizes :
       std::vector<std::vector<std::int64_t>>{{2, 3}, {2}, {4, 2, 3, 3}, {4}}) {
    parameters.push_back(torch::ones(sizes).requires_grad_());
  }
  return parameters;
}

template <typename Options>
double decay_of(torch::optim::OptimizerParamGroup& group) {
  return static_cast<Options&>(group.options()).weight_decay();
}

TEST(TrainingOptions, DecayAllParametersByDefault) {
  Settings settings;
  settings.weight_decay = 0.5;
  const auto parameters = some_parameters();
  const auto optimizer = make_optimizer(settings, parameters);

  auto& groups = optimizer->param_groups();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].params().size(), 4U);
  EXPECT_EQ(decay_of<torch::optim::SGDOptions>(groups[0]), 0.5);
}

TEST(TrainingOptions, LeaveVectorsWithoutDecayWhereAsked) {
  Settings settings;
  settings.weight_decay = 0.5;
  settings.decay_all = false;
  settings.lr = 0.25;
  for (const auto& [choice, name] : kOptimizers) {
    settings.optimizer = choice;
    const auto parameters = some_parameters();
    const auto optimizer = make_optimizer(settings, parameters);

    auto& groups = optimizer->param_groups();
    ASSERT_EQ(groups.size(), 2U) << name;
    ASSERT_EQ(groups[0].params().size(), 2U);
    ASSERT_EQ(groups[1].params().size(), 2U);
    EXPECT_TRUE(groups[0].params()[0].is_same(parameters[0]));
    EXPECT_TRUE(groups[0].params()[1].is_same(parameters[2]));
    EXPECT_TRUE(groups[1].params()[0].is_same(parameters[1]));
    EXPECT_TRUE(groups[1].params()[1].is_same(parameters[3]));
    const auto decay = choice == OptimizerChoice::kSGD
                           ? &decay_of<torch::optim::SGDOptions>
                           : &decay_of<torch::optim::AdamWOptions>;
    EXPECT_EQ(decay(groups[0]), 0.5) << name;
    EXPECT_EQ(decay(groups[1]), 0) << name;
    EXPECT_EQ(groups[1].options().get_lr(), 0.25) << name;
  }
}

TEST(TrainingOptions, RaiseTheRateInTheWarmUp) {
  Settings settings;
  settings.epochs = 10;
  settings.schedule = ScheduleChoice::kLinear;
  settings.warmup = 4;
  const auto schedule = training_options(settings, Machine()).schedule;

  settings.warmup = 0;
  const auto cold = training_options(settings, Machine()).schedule;
  EXPECT_LT(schedule(0), cold(0));
  EXPECT_LT(schedule(0), schedule(1));
  EXPECT_LT(schedule(1), schedule(3));
  EXPECT_EQ(schedule(5), cold(5));
}

}  // namespace
}  // namespace expandnet::examples
