// frozen_norm.h: which norms keep their statistics while a model trains.
#pragma once

#include <torch/nn/module.h>

namespace expandnet {

/// Whether the module has statistics, as a BatchNorm of any class has, and a
/// weight that is frozen (`requires_grad` is false).
[[nodiscard]] inline bool is_frozen_norm(const torch::nn::Module& module) {
  const auto parameters = module.named_parameters(/*recurse=*/false);
  const auto* weight = parameters.find("weight");
  return weight != nullptr && !weight->requires_grad() &&
         module.named_buffers(/*recurse=*/false).contains("running_mean");
}

}  // namespace expandnet
