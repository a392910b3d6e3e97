// step.h: one training step, whatever is trained.
#pragma once

#include <expandnet/data/loading/tensors.h>
#include <expandnet/distributed/gradient_reducer.h>
#include <expandnet/passes/expand.h>
#include <torch/optim/optimizer.h>
#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace expandnet::train {

class Capturable;
class SideStreams;
class StepGraph;

struct StepOptions {
  /// Largest norm of all gradients together (of the factors, where expanded);
  /// 0: no clipping.
  double max_grad_norm = 0;
  /// Calls per update; the gradients of their mean loss are accumulated.
  std::int64_t accumulate = 1;
  /// Weight decay of the folds instead of the factors: this times the compact
  /// weight is added to its gradient before it is pulled back (paper, Fig. S4).
  /// The optimizer must not decay the factors then. Without an Expansion it has
  /// nothing to decay.
  double fold_decay = 0;
  /// Whether it is of biases and other vectors, too.
  bool fold_decay_of_vectors = true;
  /// Averages the gradients of each update over the processes that train
  /// together; null: this one trains alone. Must outlive the step.
  distributed::GradientReducer* reducer = nullptr;
  /// Pull back, update and fold each chain within the backward pass, as soon as
  /// the gradient of its layer is complete; unset: on CUDA, where that happens
  /// beside the rest of the pass, on streams of their own. On the CPU it gains
  /// nothing. Never when gradients are clipped, accumulated or averaged over
  /// processes, and only with train::SGD and train::AdamW. Switch it off for a
  /// model that reads an expanded weight through `detach()`.
  std::optional<bool> overlap;
  /// On CUDA, capture the step as a graph and replay it.
  bool capture = true;
  /// Eager steps before the capture. They are training steps like all others.
  std::int64_t warmup = 3;
};

/// Runs forward, loss, backward, pull back, optimizer and fold as one.
///
/// With an Expansion it trains the model's chains in weight space; without one,
/// whatever the optimizer holds (a compact net, or expanded modules), so that
/// the two are timed and tested alike. On CUDA, after some eager steps, all of
/// it is captured once as a CUDA graph and replayed for batches of that shape;
/// others, and steps that cannot be captured, run eagerly. The learning rate
/// may change between replays. On the CPU every step is eager.
///
///     train::SGD optimizer(expansion.parameters(), 0.01);
///     train::Step step(
///         [&](const auto& x, const auto& y) {
///           return torch::cross_entropy_loss(model->forward(x), y);
///         },
///         optimizer, &expansion);
///     for (auto& batch : *loader) loss = step(batch.data, batch.target);
class Step {
 public:
  using Loss = std::function<torch::Tensor(const torch::Tensor& input,
                                           const data::Tensors& targets)>;

  /// `loss` runs the model and returns a scalar; where there is one target, it
  /// may take that as a tensor. Optimizer and expansion must outlive the step.
  Step(Loss loss, torch::optim::Optimizer& optimizer,
       Expansion* expansion = nullptr, const StepOptions& options = {});
  ~Step();

  /// Returns the loss of this batch, detached, on its device; under replay the
  /// same tensor every time.
  torch::Tensor operator()(const torch::Tensor& input,
                           const data::Tensors& targets);

  /// Another `fold_decay` from here on. A captured step cannot change it:
  /// throws `c10::Error` unless `capture` is switched off or the step runs on
  /// the CPU.
  void set_fold_decay(double fold_decay);

  [[nodiscard]] bool is_captured() const { return graph_ != nullptr; }
  /// Whether the last call ended with an update, or only accumulated.
  [[nodiscard]] bool updated() const {
    return calls_ % options_.accumulate == 0;
  }

  /// Why the steps run eagerly; "" while they may still be captured, or are.
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  /// The loss of a batch; of one of a new size, the Expansion counts what the
  /// layers do.
  torch::Tensor loss_of(const torch::Tensor& input,
                        const data::Tensors& targets);
  torch::Tensor eager(const torch::Tensor& input, const data::Tensors& targets);
  torch::Tensor on_cuda(const torch::Tensor& input,
                        const data::Tensors& targets);
  /// Whether enough steps have been taken on batches of this shape, one after
  /// the other: kernels are chosen, and memory is found, by shape.
  bool is_warm(const torch::Tensor& input);
  /// A replay writes parameters without a trace; expanded modules that keep
  /// their folds look for one.
  void tell_autograd();
  void update();
  void decay_folds();
  void zero_grad();
  void step_in_backward(const std::function<void()>& backward);

  Loss loss_;
  torch::optim::Optimizer& optimizer_;
  Capturable* capturable_;  ///< the optimizer, if it is one
  Expansion* expansion_;
  StepOptions options_;
  std::vector<torch::Tensor> folds_;  ///< that `fold_decay` is of
  bool may_overlap_;
  std::int64_t calls_ = 0;
  std::vector<std::int64_t> counted_sizes_;
  std::vector<std::int64_t> warm_sizes_;
  std::int64_t warm_steps_ = 0;
  std::string reason_;
  std::unique_ptr<StepGraph> graph_;
  std::unique_ptr<SideStreams> streams_;  ///< null where there is no GPU
};

}  // namespace expandnet::train
