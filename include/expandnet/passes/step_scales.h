// step_scales.h: how fast the chains of a model train at one learning rate.
#pragma once

#include <expandnet/base/export.h>
#include <torch/nn/module.h>

#include <string>
#include <vector>

namespace expandnet {

/// The step scale of a chain: how fast it trains, relative to its compact
/// layer.
struct StepScale {
  std::string path;  ///< of the layer
  /// The distance that a step of SGD on the chain moves the folded weight,
  /// relative to that of a compact layer at the same learning rate:
  /// `mean_step_scale` (fold/step_scale.h), at the present values. Above 0,
  /// unless factors are zero.
  double mean;
  /// All parameters of the chain, for a parameter group of the optimizer with
  /// its own learning rate.
  std::vector<torch::Tensor> parameters;
};

/// Returns the step scale of each chain of a model of expanded modules, in the
/// model's order; contracted layers and nonlinear twins have none. For weight
/// space, use `Expansion::step_scales`.
[[nodiscard]] EXPANDNET_API std::vector<StepScale> step_scales(
    torch::nn::Module& model);

}  // namespace expandnet
