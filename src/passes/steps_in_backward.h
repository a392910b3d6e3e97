// steps_in_backward.h: updates chains during a backward pass.
#pragma once

#include <expandnet/passes/step_in_backward.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/variable.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "passes/chain_batch.h"

namespace expandnet {

/// While it exists, calls a function each time a backward pass has completed
/// the gradient of a leaf.
class GradientHook {
 public:
  GradientHook(const at::Tensor& leaf, std::function<void()> completed);
  ~GradientHook();
  GradientHook(const GradientHook&) = delete;
  GradientHook& operator=(const GradientHook&) = delete;

 private:
  /// decltype, because LibTorch 2.15 and 2.11 have different types of node
  /// pointers.
  decltype(torch::autograd::impl::grad_accumulator(
      std::declval<const at::Tensor&>())) accumulator_;
  std::uintptr_t key_;
};

/// Pulls back, updates and folds each batch of chains once the gradients of all
/// its layers are complete. Backward passes on several devices call it from
/// several threads.
class StepsInBackward {
 public:
  /// Steps batches from now on, until it is destroyed.
  StepsInBackward(std::vector<ChainBatch>& batches, const StepInBackward& how);

  /// Steps the batches that have a layer without a gradient.
  void finish();

 private:
  struct Pending {
    ChainBatch* batch;
    std::size_t missing;  ///< number of gradients that are not complete
    bool done;
  };
  void complete(Pending& pending);
  void step(Pending& pending);

  const StepInBackward& how_;
  std::mutex mutex_;
  std::vector<Pending> pending_;
  std::vector<std::unique_ptr<GradientHook>> hooks_;
};

}  // namespace expandnet
