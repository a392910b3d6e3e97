// loss_landscape.h: the loss around a trained net.
//
// Li et al., "Visualizing the Loss Landscape of Neural Nets" (NeurIPS 2018):
// along random directions whose filters have the norms of the net's filters, so
// that nets of different scales can be compared.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace expandnet::analysis {

/// A step for each parameter of a net, in the order of `named_parameters`.
using Direction = std::vector<at::Tensor>;

/// A random direction, filter-normalized: of a parameter with more than one
/// dimension each slice d along dimension 0 is drawn from N(0, 1) and scaled to
/// d ‖w‖ / (‖d‖ + 1e-10), w being the same slice of the parameter; of others
/// (biases, BatchNorm) it is zero. What is drawn follows from `seed` and the
/// parameter's name alone, so that nets with the same parameters, however they
/// were trained, get the same random numbers.
[[nodiscard]] Direction random_direction(const torch::nn::Module& net,
                                         std::uint64_t seed);

/// Moves a net away from where it is, and back when it goes: the parameters
/// then have their bits again.
class Landscape {
 public:
  /// Throws `c10::Error` for a direction of other shapes than the net's.
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

/// `count` equal steps from -1 to 1; the middle one of an odd count is 0.
[[nodiscard]] std::vector<double> landscape_steps(std::int64_t count);

}  // namespace expandnet::analysis
