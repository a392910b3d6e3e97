// cases.h: what is timed.
#pragma once

#include <expandnet/passes/expand.h>
#include <expandnet/train/optimizers.h>
#include <expandnet/train/step.h>
#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "benchmarks/step/nets.h"
#include "benchmarks/step/setup.h"

namespace expandnet::examples::bench {

/// The network of `setup` made ready for one way. Whatever the way, it starts
/// with the same values, and so computes the same function.
struct Prepared {
  Model model;
  std::optional<Expansion> expansion;  ///< in weight space
  torch::Tensor images;                ///< [batch, 3, size, size]
  torch::Tensor labels;  ///< [batch]; of pixels [batch, size, size]
};
Prepared prepare(const Setup& setup, Way way);

/// How all are trained.
torch::optim::SGDOptions sgd_options();

/// Bytes of the factors of all chains, as training in weight space keeps them
/// beside the compact net; as much again for their gradients, and for momentum.
std::int64_t factor_bytes(const Setup& setup);

/// Multiply-adds of fold and pull back as a share of those of the compact net's
/// step, its convolutions and linear layers forward and backward.
double counted_cost(const Setup& setup);

/// Training of one network in one way, on one batch, by SGD with momentum.
class Training {
 public:
  Training(const Setup& setup, Way way);

  /// The loss before the next step.
  double current_loss();

  /// One whole step, through train::Step.
  void step();

  /// Milliseconds that the parts of an eager step in weight space take.
  struct Parts {
    double pull_back;
    double update;
    double fold;
  };
  Parts step_in_parts();

  /// Milliseconds that the matrix products of pull back and fold take within
  /// such a step on the CPU, which the two cannot do without.
  double step_for_products();

  /// Whether the steps are of the mode asked for; throws `c10::Error` with the
  /// reason if a step could not be captured.
  void check_mode() const;

 private:
  torch::Tensor loss(const torch::Tensor& images, const torch::Tensor& labels);

  Setup setup_;
  Prepared prepared_;
  std::unique_ptr<train::SGD> optimizer_;
  std::unique_ptr<train::Step> step_;
};

/// Inference of one network in one way, on one batch.
class Inference {
 public:
  Inference(const Setup& setup, Way way);
  void run();

 private:
  Setup setup_;
  Prepared prepared_;
};

}  // namespace expandnet::examples::bench
