// steps_in_backward.h: chains that are updated while a backward pass goes on.
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

/// Calls a function each time a backward pass has completed the gradient of a
/// leaf, as long as it lives.
class GradientHook {
 public:
  GradientHook(const at::Tensor& leaf, std::function<void()> completed);
  ~GradientHook();
  GradientHook(const GradientHook&) = delete;
  GradientHook& operator=(const GradientHook&) = delete;

 private:
  /// LibTorch's pointers to nodes are of another type in 2.15 than in 2.11.
  decltype(torch::autograd::impl::grad_accumulator(
      std::declval<const at::Tensor&>())) accumulator_;
  std::uintptr_t key_;
};

/// Pulls back, updates and folds each batch of chains once the gradients of all
/// its layers are complete. Backward passes of several devices call from
/// several threads.
class StepsInBackward {
 public:
  /// From here on, until the end of its life.
  StepsInBackward(std::vector<ChainBatch>& batches, const StepInBackward& how);

  /// Steps the batches of which a layer got no gradient.
  void finish();

 private:
  struct Pending {
    ChainBatch* batch;
    std::size_t missing;  ///< gradients that are not complete
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
