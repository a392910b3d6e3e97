// step_in_backward.h: how chains are updated while a backward pass goes on.
#pragma once

#include <torch/types.h>

#include <functional>
#include <vector>

namespace expandnet {

/// What `Expansion::step_in_backward` needs to know besides the optimizer.
struct StepInBackward {
  /// Updates these parameters from their gradients, and no others: as
  /// `Capturable::step_only` of expandnet::training's optimizers does.
  std::function<void(const std::vector<torch::Tensor>& parameters)> update;
  /// Does the work of one chain beside what follows it, on a stream of its own
  /// say, which the caller joins afterwards; null: at once.
  std::function<void(const std::function<void()>& work)> beside;
};

}  // namespace expandnet
