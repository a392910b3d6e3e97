// exponential_moving_average.h: a moving average of a model's weights, which is
// deployed instead of them.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>
#include <torch/nn/module.h>
#include <torch/serialize/archive.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::train {

/// The moving average after each update of the weights:
///
///     average <- d average + (1 - d) weights
///     d = min(decay, (1 + n) / (10 + n))
///
/// n counts the updates, so that the initial weights soon lose their influence.
/// The average includes all floating-point parameters and buffers, so it also
/// has statistics for BatchNorm. In weight space it averages the compact
/// weights: it is the average of the folds, not the fold of averaged factors.
///
///     ExponentialMovingAverage average(*model, 0.9999);
///     average.update();  // after each step
///     average.swap();    // now the model holds the averages; swap() undoes it
class EXPANDNET_API ExponentialMovingAverage {
 public:
  /// Starts from the current weights. The model must outlive the average and
  /// keep its parameters. Throws `c10::Error` unless 0 < decay < 1.
  ExponentialMovingAverage(const torch::nn::Module& module, double decay);

  void update();
  /// Exchanges the averages with the model's values.
  void swap();

  /// Also saves the tensors' names, so that `read_weights` can read the
  /// averages without the model's code.
  void save(torch::serialize::OutputArchive& archive) const;
  void load(torch::serialize::InputArchive& archive);

 private:
  std::vector<std::string> names_;  ///< in the model
  /// The model's own tensors. Loading replaces a parameter's memory, not its
  /// tensor.
  std::vector<at::Tensor> weights_;
  std::vector<at::Tensor> averages_;  ///< in the order of `weights_`
  double decay_;
  std::int64_t updates_ = 0;
};

}  // namespace expandnet::train
