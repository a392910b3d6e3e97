// schedules.h: the learning rate over a run.
#pragma once

#include <torch/optim/optimizer.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace expandnet::train {

/// A factor of the initial learning rate for a position in the run, counted in
/// epochs (or iterations) from 0; fractions are positions within an epoch.
using Schedule = std::function<double(double position)>;

/// 1, times `factor` at each milestone that has been reached: the paper's CIFAR
/// runs are step_schedule({50, 100}, 0.1).
/// Throws `c10::Error` unless the milestones rise and the factor is positive.
[[nodiscard]] Schedule step_schedule(std::vector<double> milestones,
                                     double factor);

/// From 1 at the start straight down to `last` at `length`, and `last` after.
/// Throws `c10::Error` unless the length is positive and `last` is not
/// negative.
[[nodiscard]] Schedule linear_schedule(double length, double last = 0);

/// last + (1 - last) (1 + cos(pi position / length)) / 2, and `last` after
/// `length` (Loshchilov and Hutter, 2017). Throws as linear_schedule does.
[[nodiscard]] Schedule cosine_schedule(double length, double last = 0);

/// Rises in a straight line from 0 to where `schedule` is at `length`, and
/// follows it from there. Throws `c10::Error` for a negative length.
[[nodiscard]] Schedule with_warmup(Schedule schedule, double length);

/// Sets each parameter group's learning rate: `initial[group]` times the
/// schedule. Throws `c10::Error` unless there is one initial rate per group.
void set_learning_rates(torch::optim::Optimizer& optimizer,
                        const std::vector<double>& initial,
                        const Schedule& schedule, double position);

/// Sets each parameter group's weight decay, of SGD or AdamW, likewise. Throws
/// `c10::Error` for other optimizers, too.
void set_weight_decays(torch::optim::Optimizer& optimizer,
                       const std::vector<double>& initial,
                       const Schedule& schedule, double position);

/// The weight decay of each parameter group. Throws `c10::Error` for optimizers
/// other than SGD and AdamW.
[[nodiscard]] std::vector<double> weight_decays_of(
    torch::optim::Optimizer& optimizer);

}  // namespace expandnet::train
