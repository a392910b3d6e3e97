#include "trainers/app/runs/training_options.h"

#include <expandnet/models/small_net.h>
#include <expandnet/models/small_net_recipes.h>
#include <gtest/gtest.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>

#include <set>
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

TEST(TrainingOptions, DecayFoldsInPlaceOfFactors) {
  Settings settings;
  settings.weight_decay = 0.5;
  settings.decay_on = DecayChoice::kFold;
  const auto trainable = weight_space_model(
      train::model_of(models::SmallNet(models::SmallNetOptions())), "cl",
      models::small_net_recipe("cl"), Machine(), settings);
  const auto optimizer = make_optimizer(settings, trainable);

  // The model's own parameters decay, the factors of three chains do not.
  std::set<const void*> own;
  for (const auto& parameter : trainable.model.module->parameters()) {
    own.insert(parameter.unsafeGetTensorImpl());
  }
  auto& groups = optimizer->param_groups();
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(decay_of<torch::optim::SGDOptions>(groups[0]), 0.5);
  EXPECT_EQ(decay_of<torch::optim::SGDOptions>(groups[1]), 0);
  EXPECT_EQ(groups[1].params().size(), 3U * 6);
  for (std::size_t i = 0; i < 2; ++i) {
    for (const auto& parameter : groups[i].params()) {
      EXPECT_EQ(own.count(parameter.unsafeGetTensorImpl()), i == 0 ? 1U : 0U);
    }
  }
  const auto options = training_options(settings, Machine());
  EXPECT_EQ(options.step.fold_decay, 0.5);
  EXPECT_TRUE(options.step.fold_decay_of_vectors);

  // A compact net has no factors: its weights decay as always.
  TrainableModel compact;
  compact.model = train::model_of(models::SmallNet(models::SmallNetOptions()));
  EXPECT_EQ(make_optimizer(settings, compact)->param_groups().size(), 1U);
}

TEST(TrainingOptions, LowerTheWeightDecayAlongACosine) {
  Settings settings;
  settings.epochs = 10;
  settings.weight_decay = 0.5;
  EXPECT_FALSE(training_options(settings, Machine()).decay_schedule);
  settings.decay_schedule = DecayScheduleChoice::kCosine;
  settings.decay_last = 0.2;
  const auto schedule = training_options(settings, Machine()).decay_schedule;
  EXPECT_DOUBLE_EQ(schedule(0), 1);
  EXPECT_DOUBLE_EQ(schedule(5), 0.6);
  EXPECT_DOUBLE_EQ(schedule(10), 0.2);
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
