// step_in_backward.h: how to update chains during a backward pass.
#pragma once

#include <torch/types.h>

#include <functional>
#include <vector>

namespace expandnet {

/// What `Expansion::step_in_backward` needs in addition to the optimizer.
struct StepInBackward {
  /// Updates only these parameters, from their gradients, as
  /// `Capturable::step_only` of the optimizers of expandnet::training does.
  std::function<void(const std::vector<torch::Tensor>& parameters)> update;
  /// Runs the work of one chain concurrently with what follows, for example on
  /// a stream of its own; the caller waits for it afterwards. Null: the work
  /// runs at once.
  std::function<void(const std::function<void()>& work)> beside;
};

}  // namespace expandnet
