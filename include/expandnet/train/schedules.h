// schedules.h: how the learning rate changes over a run.
#pragma once

#include <expandnet/base/export.h>
#include <torch/optim/optimizer.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace expandnet::train {

/// Returns a multiplier of the initial learning rate. The position in the run
/// is counted in epochs (or iterations) from 0; a fraction is a position within
/// an epoch.
using Schedule = std::function<double(double position)>;

/// Starts at 1 and is multiplied by `factor` at each milestone. The paper's
/// CIFAR runs use step_schedule({50, 100}, 0.1). Throws `c10::Error` unless the
/// milestones increase and the factor is positive.
[[nodiscard]] EXPANDNET_API Schedule
step_schedule(std::vector<double> milestones, double factor);

/// Falls linearly from 1 at the start to `last` at `length`, and stays there.
/// Throws `c10::Error` unless the length is positive and `last` is not
/// negative.
[[nodiscard]] EXPANDNET_API Schedule linear_schedule(double length,
                                                     double last = 0);

/// last + (1 - last) (1 + cos(pi position / length)) / 2, then `last` after
/// `length` (Loshchilov and Hutter, 2017). Throws as linear_schedule does.
[[nodiscard]] EXPANDNET_API Schedule cosine_schedule(double length,
                                                     double last = 0);

/// Rises linearly from 0 to the value of `schedule` at `length`, then follows
/// `schedule`. Throws `c10::Error` for a negative length.
[[nodiscard]] EXPANDNET_API Schedule with_warmup(Schedule schedule,
                                                 double length);

/// Sets the learning rate of each parameter group to `initial[group]` times the
/// schedule. Throws `c10::Error` unless there is one initial rate per group.
EXPANDNET_API void set_learning_rates(torch::optim::Optimizer& optimizer,
                                      const std::vector<double>& initial,
                                      const Schedule& schedule,
                                      double position);

/// Does the same for the weight decay of each parameter group, of SGD or AdamW.
/// Also throws `c10::Error` for other optimizers.
EXPANDNET_API void set_weight_decays(torch::optim::Optimizer& optimizer,
                                     const std::vector<double>& initial,
                                     const Schedule& schedule, double position);

/// Returns the weight decay of each parameter group. Throws `c10::Error` for
/// optimizers other than SGD and AdamW.
[[nodiscard]] EXPANDNET_API std::vector<double> weight_decays_of(
    torch::optim::Optimizer& optimizer);

}  // namespace expandnet::train
