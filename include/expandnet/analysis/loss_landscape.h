// loss_landscape.h: the loss around a trained net.
//
// Li et al., "Visualizing the Loss Landscape of Neural Nets" (NeurIPS 2018):
// the loss along random directions whose filters have the norms of the net's
// filters, so that nets of different scales can be compared.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace expandnet::analysis {

/// A displacement of each parameter of a net, in the order of
/// `named_parameters`.
using Direction = std::vector<at::Tensor>;

/// Returns a random direction, filter-normalized. In a parameter with more than
/// one dimension, each slice d along dimension 0 is drawn from N(0, 1) and
/// scaled to d ‖w‖ / (‖d‖ + 1e-10), where w is the same slice of the parameter.
/// For other parameters (biases, BatchNorm) the direction is zero. The random
/// numbers depend only on `seed` and the parameter's name, so that nets with
/// the same parameters get the same numbers, however they were trained.
[[nodiscard]] EXPANDNET_API Direction
random_direction(const torch::nn::Module& net, std::uint64_t seed);

/// Moves a net's parameters, and restores the original bits on destruction.
class EXPANDNET_API Landscape {
 public:
  /// Throws `c10::Error` for a direction whose shapes differ from the net's.
  Landscape(std::shared_ptr<torch::nn::Module> net,
            std::vector<Direction> directions);
  ~Landscape();
  Landscape(const Landscape&) = delete;
  Landscape& operator=(const Landscape&) = delete;

  /// Sets the parameters to w + sum of steps[i] * directions[i].
  void move_to(const std::vector<double>& steps);

 private:
  std::shared_ptr<torch::nn::Module> net_;
  std::vector<Direction> directions_;
  std::vector<at::Tensor> here_;
};

/// Returns `count` evenly spaced steps from -1 to 1; the middle one of an odd
/// count is 0.
[[nodiscard]] EXPANDNET_API std::vector<double> landscape_steps(
    std::int64_t count);

}  // namespace expandnet::analysis
