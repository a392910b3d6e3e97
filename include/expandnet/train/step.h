// step.h: one training step, for compact and expanded models.
#pragma once

#include <expandnet/base/export.h>
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
  /// Largest total norm of all gradients that the optimizer sees (with an
  /// Expansion these include the factors'); larger ones are clipped. 0: no
  /// clipping.
  double max_grad_norm = 0;
  /// Calls per update; their gradients are accumulated to those of the mean
  /// loss.
  std::int64_t accumulate = 1;
  /// Weight decay of the folded weights instead of the factors: this value
  /// times the compact weight is added to its gradient before the pull back
  /// (paper, Fig. S4). The optimizer must then not decay the factors. Has no
  /// effect without an Expansion.
  double fold_decay = 0;
  /// Whether `fold_decay` also applies to biases and other vectors.
  bool fold_decay_of_vectors = true;
  /// Averages the gradients of each update over the processes that train
  /// together; null in single-process training. Must outlive the step.
  distributed::GradientReducer* reducer = nullptr;
  /// Pulls back, updates and folds each chain within the backward pass, as soon
  /// as the gradient of its layer is complete. Unset: on CUDA only, where this
  /// work runs on separate streams, concurrently with the rest of the pass; on
  /// the CPU there is nothing to gain. It never applies when gradients are
  /// clipped, accumulated or averaged over processes, or with `fold_decay`, and
  /// it needs train::SGD or train::AdamW. Set it to false for a model that
  /// reads an expanded weight through `detach()`.
  std::optional<bool> overlap;
  /// On CUDA, captures the step as a graph and replays it.
  bool capture = true;
  /// Number of eager steps before the capture. They train like all other steps.
  std::int64_t warmup = 3;
};

/// Runs forward, loss, backward, pull back, optimizer and fold as one step.
///
/// With an Expansion it trains the model's chains in weight space. Without one
/// it trains whatever the optimizer holds (a compact net, or expanded modules),
/// so that both are timed and tested in the same way. On CUDA, after some eager
/// steps, the whole step is captured once as a CUDA graph and replayed for
/// batches of that shape; batches of other shapes, and steps that cannot be
/// captured, run eagerly. The learning rate may change between replays. On the
/// CPU every step is eager.
///
///     train::SGD optimizer(expansion.parameters(), 0.01);
///     train::Step step(
///         [&](const auto& x, const auto& y) {
///           return torch::cross_entropy_loss(model->forward(x), y);
///         },
///         optimizer, &expansion);
///     for (auto& batch : *loader) loss = step(batch.data, batch.target);
class EXPANDNET_API Step {
 public:
  using Loss = std::function<torch::Tensor(const torch::Tensor& input,
                                           const data::Tensors& targets)>;

  /// `loss` runs the model and returns a scalar; if there is one target, it may
  /// take it as a tensor. Optimizer and expansion must outlive the step.
  Step(Loss loss, torch::optim::Optimizer& optimizer,
       Expansion* expansion = nullptr, const StepOptions& options = {});
  ~Step();

  /// Returns the loss of this batch, detached, on its device. Replays return
  /// the same tensor every time.
  torch::Tensor operator()(const torch::Tensor& input,
                           const data::Tensors& targets);

  /// Sets `fold_decay` for the following steps. Throws `c10::Error` for a
  /// captured step, which cannot change it: switch `capture` off.
  void set_fold_decay(double fold_decay);

  [[nodiscard]] bool is_captured() const { return graph_ != nullptr; }
  /// Whether the last call ended with an update, instead of only accumulating.
  [[nodiscard]] bool updated() const {
    return calls_ % options_.accumulate == 0;
  }

  /// Why the steps run eagerly. Empty while capture is still possible or has
  /// succeeded.
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  /// Computes the loss of a batch. For a batch of a new size, the Expansion
  /// counts the multiply-adds of the layers meanwhile.
  torch::Tensor loss_of(const torch::Tensor& input,
                        const data::Tensors& targets);
  torch::Tensor eager(const torch::Tensor& input, const data::Tensors& targets);
  torch::Tensor on_cuda(const torch::Tensor& input,
                        const data::Tensors& targets);
  /// Whether enough consecutive steps have run on batches of this shape. The
  /// warm-up is per shape, because LibTorch chooses kernels and allocates
  /// memory by shape.
  bool is_warm(const torch::Tensor& input);
  /// Bumps the parameters' versions after a replay, which writes them unnoticed
  /// by autograd: expanded modules compare versions to know whether a cached
  /// fold is valid.
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
  std::vector<torch::Tensor> folds_;  ///< those that `fold_decay` applies to
  bool may_overlap_;
  std::int64_t calls_ = 0;
  std::vector<std::int64_t> counted_sizes_;
  std::vector<std::int64_t> warm_sizes_;
  std::int64_t warm_steps_ = 0;
  std::string reason_;
  std::unique_ptr<StepGraph> graph_;
  std::unique_ptr<SideStreams> streams_;  ///< null without CUDA
};

}  // namespace expandnet::train
