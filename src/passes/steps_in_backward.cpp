#include "passes/steps_in_backward.h"

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <utility>

namespace expandnet {

namespace {

class Call : public torch::autograd::FunctionPostHook {
 public:
  explicit Call(std::function<void()> function)
      : function_(std::move(function)) {}

  torch::autograd::variable_list operator()(
      const torch::autograd::variable_list& outputs,
      const torch::autograd::variable_list& /*inputs*/) override {
    function_();
    return outputs;
  }

 private:
  std::function<void()> function_;
};

std::vector<at::Tensor> factors_of(const ChainBatch& batch) {
  std::vector<at::Tensor> factors;
  for (const auto& layer : batch.layers()) {
    for (const auto& parameter : layer.chain->parameters()) {
      factors.push_back(parameter);
    }
  }
  return factors;
}

}  // namespace

// The node that accumulates is the last to see a gradient, after all that was
// summed into it.
GradientHook::GradientHook(const at::Tensor& leaf,
                           std::function<void()> completed)
    : accumulator_(torch::autograd::impl::grad_accumulator(leaf)),
      key_(accumulator_->add_post_hook(
          std::make_unique<Call>(std::move(completed)))) {}

GradientHook::~GradientHook() { accumulator_->del_post_hook(key_); }

StepsInBackward::StepsInBackward(std::vector<ChainBatch>& batches,
                                 const StepInBackward& how)
    : how_(how) {
  pending_.reserve(batches.size());  // the hooks point into it
  for (auto& batch : batches) {
    auto& pending = pending_.emplace_back(Pending{&batch, 0, false});
    for (const auto& layer : batch.layers()) {
      for (const auto* leaf : {&layer.compact.weight, &layer.compact.bias}) {
        if (!leaf->defined() || !leaf->requires_grad()) continue;
        ++pending.missing;
        hooks_.push_back(std::make_unique<GradientHook>(
            *leaf, [this, &pending] { complete(pending); }));
      }
    }
  }
}

void StepsInBackward::finish() {
  for (auto& pending : pending_) {
    if (!pending.done) step(pending);
  }
}

void StepsInBackward::complete(Pending& pending) {
  const std::lock_guard lock(mutex_);
  if (pending.missing > 0 && --pending.missing == 0) step(pending);
}

void StepsInBackward::step(Pending& pending) {
  pending.done = true;
  const auto work = [&] {
    pending.batch->pull_back();
    how_.update(factors_of(*pending.batch));
    pending.batch->fold();
  };
  if (how_.beside) {
    how_.beside(work);
  } else {
    work();
  }
}

}  // namespace expandnet
