#include <expandnet/train/optimizers.h>
#include <expandnet/train/schedules.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

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
