#include <expandnet/train/optimizers.h>
#include <expandnet/train/schedules.h>
#include <gtest/gtest.h>
#include <torch/optim/adagrad.h>
#include <torch/types.h>

#include <cmath>
#include <memory>
#include <vector>

#include "testing.h"

namespace expandnet::testing {
namespace {

TEST(StepSchedule, FallsAtEachMilestone) {
  const auto schedule = train::step_schedule({50, 100}, 0.1);

  EXPECT_DOUBLE_EQ(schedule(0), 1);
  EXPECT_DOUBLE_EQ(schedule(49.999), 1);
  EXPECT_DOUBLE_EQ(schedule(50), 0.1);
  EXPECT_DOUBLE_EQ(schedule(99), 0.1);
  EXPECT_DOUBLE_EQ(schedule(1000), 0.1 * 0.1);
}

TEST(LinearSchedule, IsAStraightLine) {
  const auto schedule = train::linear_schedule(200, 0.1);

  EXPECT_DOUBLE_EQ(schedule(0), 1);
  EXPECT_DOUBLE_EQ(schedule(50), 1 - 0.25 * 0.9);
  EXPECT_DOUBLE_EQ(schedule(200), 0.1);
  EXPECT_DOUBLE_EQ(schedule(300), 0.1);
}

TEST(CosineSchedule, IsHalfAWave) {
  const auto schedule = train::cosine_schedule(90);

  EXPECT_DOUBLE_EQ(schedule(0), 1);
  EXPECT_DOUBLE_EQ(schedule(30), (1 + std::cos(std::acos(-1.0) / 3)) / 2);
  EXPECT_DOUBLE_EQ(schedule(45), 0.5);
  EXPECT_NEAR(schedule(90), 0, 1e-15);
  EXPECT_NEAR(schedule(91), 0, 1e-15);
  EXPECT_DOUBLE_EQ(train::cosine_schedule(10, 0.2)(5), 0.6);
}

TEST(Warmup, RisesToTheScheduleAndFollowsIt) {
  const auto schedule = train::with_warmup(train::linear_schedule(100), 10);

  EXPECT_DOUBLE_EQ(schedule(0), 0);
  EXPECT_DOUBLE_EQ(schedule(5), 0.45);
  EXPECT_DOUBLE_EQ(schedule(10), 0.9);
  EXPECT_DOUBLE_EQ(schedule(50), 0.5);
  EXPECT_DOUBLE_EQ(train::with_warmup(train::linear_schedule(4), 0)(0), 1);
}

TEST(LearningRates, AreSetGroupByGroup) {
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(std::vector<at::Tensor>{torch::ones({1})});
  groups.emplace_back(std::vector<at::Tensor>{torch::ones({1})});
  train::SGD optimizer(groups, torch::optim::SGDOptions(1));

  train::set_learning_rates(optimizer, {0.5, 0.1}, train::linear_schedule(10),
                            5);

  EXPECT_DOUBLE_EQ(optimizer.param_groups()[0].options().get_lr(), 0.25);
  EXPECT_DOUBLE_EQ(optimizer.param_groups()[1].options().get_lr(), 0.05);
  EXPECT_EQ(error_of([&] {
              train::set_learning_rates(optimizer, {1},
                                        train::linear_schedule(1), 0);
            }),
            "set_learning_rates: there must be one initial rate per parameter "
            "group (2), got 1");
}

TEST(WeightDecays, FollowTheSchedule) {
  std::vector<torch::optim::OptimizerParamGroup> groups;
  for (const double decay : {0.5, 0.0}) {
    groups.emplace_back(std::vector<torch::Tensor>{torch::ones({1})},
                        std::make_unique<torch::optim::SGDOptions>(
                            torch::optim::SGDOptions(1).weight_decay(decay)));
  }
  torch::optim::SGD sgd(groups, torch::optim::SGDOptions(1));
  const auto initial = train::weight_decays_of(sgd);
  EXPECT_EQ(initial, (std::vector<double>{0.5, 0}));
  train::set_weight_decays(sgd, initial, train::cosine_schedule(10, 0.2), 5);
  // Half of the way from 1 to 0.2.
  EXPECT_DOUBLE_EQ(train::weight_decays_of(sgd)[0], 0.3);
  EXPECT_EQ(train::weight_decays_of(sgd)[1], 0);

  const std::vector<torch::Tensor> one = {torch::ones({1})};
  torch::optim::AdamW adamw(one, torch::optim::AdamWOptions(1).weight_decay(2));
  train::set_weight_decays(adamw, {2}, train::linear_schedule(4), 1);
  EXPECT_DOUBLE_EQ(train::weight_decays_of(adamw)[0], 1.5);

  EXPECT_EQ(error_of([&] {
              train::set_weight_decays(sgd, {1}, train::linear_schedule(1), 0);
            }),
            "set_weight_decays: there must be one initial decay per parameter "
            "group (2), got 1");
  torch::optim::Adagrad other(one);
  EXPECT_EQ(error_of([&] { (void)train::weight_decays_of(other); }),
            "set_weight_decays: the optimizer must be SGD or AdamW, got "
            "another");
}

TEST(ScheduleErrors, NameTheValue) {
  EXPECT_EQ(error_of([] {
              static_cast<void>(train::step_schedule({2, 1}, 1));
            }),
            "step_schedule: milestones must rise, got [2, 1]");
  EXPECT_EQ(error_of([] { static_cast<void>(train::step_schedule({}, 0)); }),
            "step_schedule: factor must be positive, got 0");
  EXPECT_EQ(error_of([] { static_cast<void>(train::linear_schedule(0)); }),
            "linear_schedule: length must be positive, got 0");
  EXPECT_EQ(error_of([] { static_cast<void>(train::cosine_schedule(1, -1)); }),
            "cosine_schedule: last must not be negative, got -1");
  EXPECT_EQ(
      error_of([] {
        static_cast<void>(train::with_warmup(train::linear_schedule(1), -1));
      }),
      "with_warmup: length must not be negative, got -1");
}

}  // namespace
}  // namespace expandnet::testing
