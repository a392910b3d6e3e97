// weight_average.h: a moving average of a model's weights, to deploy in their
// place.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/serialize/archive.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::train {

/// After each update of the weights,
///
///     average <- d average + (1 - d) weights,  d = min(decay, (1 + n)/(10 +
///     n))
///
/// where n counts the updates: the first weights do not weigh for long. All
/// floating parameters and buffers take part, so BatchNorm's statistics are
/// those of the averaged weights. In weight space these are the compact ones:
/// the average of folds, not the fold of an average.
///
///     WeightAverage average(*model, 0.9999);
///     average.update();  // after each step
///     average.swap();    // the model holds the averages; and back
class WeightAverage {
 public:
  /// Begins with the weights as they are. The model must outlive the average
  /// and keep its parameters. Throws `c10::Error` unless 0 < decay < 1.
  WeightAverage(const torch::nn::Module& module, double decay);

  void update();
  /// Exchanges the averages and the model's values.
  void swap();

  /// With the names of what is averaged, so that `read_weights` gives it to
  /// whom the program is not at hand.
  void save(torch::serialize::OutputArchive& archive) const;
  void load(torch::serialize::InputArchive& archive);

 private:
  std::vector<std::string> names_;  ///< in the model
  /// The model's own: to load a module exchanges their memory.
  std::vector<at::Tensor> weights_;
  std::vector<at::Tensor> averages_;  ///< like them
  double decay_;
  std::int64_t updates_ = 0;
};

}  // namespace expandnet::train
