#include <c10/util/Exception.h>
#include <expandnet/train/schedules.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"

namespace expandnet::train {

namespace {

constexpr double kPi = 3.14159265358979323846;

void check_descent(const char* where, double length, double last) {
  TORCH_CHECK(length > 0, error_message(where, "length must be positive",
                                        c10::str(length)));
  TORCH_CHECK(last >= 0, error_message(where, "last must not be negative",
                                       c10::str(last)));
}

/// How much of the run is over, from 0 to 1.
double progress(double position, double length) {
  return std::clamp(position / length, 0.0, 1.0);
}

}  // namespace

Schedule step_schedule(std::vector<double> milestones, double factor) {
  TORCH_CHECK(std::is_sorted(milestones.begin(), milestones.end()),
              error_message("step_schedule", "milestones must rise",
                            c10::str(c10::ArrayRef<double>(milestones))));
  TORCH_CHECK(factor > 0,
              error_message("step_schedule", "factor must be positive",
                            c10::str(factor)));
  return [milestones = std::move(milestones), factor](double position) {
    const auto reached =
        std::upper_bound(milestones.begin(), milestones.end(), position) -
        milestones.begin();
    return std::pow(factor, static_cast<double>(reached));
  };
}

Schedule linear_schedule(double length, double last) {
  check_descent("linear_schedule", length, last);
  return [length, last](double position) {
    return 1 - (1 - last) * progress(position, length);
  };
}

Schedule cosine_schedule(double length, double last) {
  check_descent("cosine_schedule", length, last);
  return [length, last](double position) {
    return last +
           (1 - last) * (1 + std::cos(kPi * progress(position, length))) / 2;
  };
}

Schedule with_warmup(Schedule schedule, double length) {
  TORCH_CHECK(length >= 0,
              error_message("with_warmup", "length must not be negative",
                            c10::str(length)));
  return [schedule = std::move(schedule), length](double position) {
    if (position >= length) return schedule(position);
    return schedule(length) * position / length;
  };
}

void set_learning_rates(torch::optim::Optimizer& optimizer,
                        const std::vector<double>& initial,
                        const Schedule& schedule, double position) {
  auto& groups = optimizer.param_groups();
  TORCH_CHECK(
      initial.size() == groups.size(),
      error_message(
          "set_learning_rates",
          c10::str("there must be one initial rate per parameter group (",
                   groups.size(), ")"),
          c10::str(initial.size())));
  const auto factor = schedule(position);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i].options().set_lr(initial[i] * factor);
  }
}

namespace {

/// The weight decay in the options of a group.
double& decay_in(torch::optim::OptimizerParamGroup& group) {
  auto* options = &group.options();
  if (auto* sgd = dynamic_cast<torch::optim::SGDOptions*>(options)) {
    return sgd->weight_decay();
  }
  auto* adamw = dynamic_cast<torch::optim::AdamWOptions*>(options);
  TORCH_CHECK(adamw != nullptr,
              error_message("set_weight_decays",
                            "the optimizer must be SGD or AdamW", "another"));
  return adamw->weight_decay();
}

}  // namespace

void set_weight_decays(torch::optim::Optimizer& optimizer,
                       const std::vector<double>& initial,
                       const Schedule& schedule, double position) {
  auto& groups = optimizer.param_groups();
  TORCH_CHECK(
      initial.size() == groups.size(),
      error_message(
          "set_weight_decays",
          c10::str("there must be one initial decay per parameter group (",
                   groups.size(), ")"),
          c10::str(initial.size())));
  const auto factor = schedule(position);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    decay_in(groups[i]) = initial[i] * factor;
  }
}

std::vector<double> weight_decays_of(torch::optim::Optimizer& optimizer) {
  std::vector<double> decays;
  for (auto& group : optimizer.param_groups()) {
    decays.push_back(decay_in(group));
  }
  return decays;
}

}  // namespace expandnet::train
