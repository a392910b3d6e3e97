// step_scales.h: how fast the chains of a model train at one learning rate.
#pragma once

#include <expandnet/base/export.h>
#include <torch/nn/module.h>

#include <string>
#include <vector>

namespace expandnet {

/// A chain's pace, in multiples of the learning rate.
struct StepScale {
  std::string path;  ///< of the layer
  /// How much farther a step of SGD on the chain's parameters moves the folded
  /// weight than the same step moves a weight of its own: `mean_step_scale`
  /// (fold/step_scale.h), at the present values. Above 0, unless factors are
  /// zero.
  double mean;
  /// All of the chain: a group of the optimizer, with a learning rate of its
  /// own.
  std::vector<torch::Tensor> parameters;
};

/// Returns one of each chain of a model of expanded modules, in the model's
/// order; contracted layers and nonlinear twins have none. Of an Expansion it
/// is `Expansion::step_scales`.
[[nodiscard]] EXPANDNET_API std::vector<StepScale> step_scales(
    torch::nn::Module& model);

}  // namespace expandnet
