// expansion.h: the chains of a model that trains in weight space.
//
// The model stays compact, and untouched, at every moment. Beside it stands an
// Expansion with the chains of its layers; the model's own parameters hold the
// folded weights. One training step is
//
//     compact .grad -> pull_back -> factor .grad -> optimizer -> fold ->
//     compact
//
// which computes what training the chains over feature maps computes, at the
// cost of the compact network. Whatever looks only at the model (checkpoints,
// evaluation, autocast, gradient averaging over processes) sees a plain compact
// network.
#pragma once

#include <expandnet/passes/max_cost.h>
#include <expandnet/passes/selector.h>
#include <expandnet/passes/step_in_backward.h>
#include <expandnet/passes/summary.h>
#include <expandnet/passes/verify.h>
#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace expandnet {

/// The chains of a model that trains in weight space. Made by `expand`.
///
///     auto expansion = expand(*model, ExpansionOptions().rate(4));
///     torch::optim::SGD optimizer(expansion.parameters(), 0.01);
///     for (auto& batch : *loader) {
///       expansion.zero_grad();
///       loss(model->forward(batch.data), batch.target).backward();
///       expansion.step(optimizer);
///     }
///
/// Factors are the truth: what is written into an expanded weight by others
/// lasts until the next fold. They are float (or double) also for a model in
/// half precision. The model must outlive its Expansion.
class Expansion {
 public:
  Expansion(Expansion&&) noexcept;
  Expansion& operator=(Expansion&&) noexcept;
  ~Expansion();

  /// What an optimizer trains: the factors, and every parameter of the model
  /// that is not expanded; in the model's order, each once.
  [[nodiscard]] std::vector<torch::Tensor> parameters() const;
  /// The same with keys: `<path>.chain.<i>.weight|bias`, and the model's own.
  [[nodiscard]] torch::OrderedDict<std::string, torch::Tensor>
  named_parameters() const;
  /// The buffers of the model, and those of the chains with keys: fixed
  /// factors,
  /// `<path>.chain.<i>.weight`, and what tells the branches of a sum apart
  /// (nn/chain.h). With `named_parameters()` all that a file needs.
  [[nodiscard]] torch::OrderedDict<std::string, torch::Tensor> named_buffers()
      const;

  /// Drops (or zeroes) the gradients of the model and of the factors.
  void zero_grad(bool set_to_none = true);

  /// Sets the factors' gradients from those of the compact weights, which may
  /// have accumulated over several backward passes. A layer without a gradient
  /// leaves those of its factors undefined. The next call writes to the same
  /// memory, and autograd is not told: clone what is to be kept.
  ///
  /// Throws `c10::Error` if a compact parameter was replaced, resized, moved or
  /// converted, or if factors were written to since they were folded (which
  /// torch::optim hides from everybody by writing through `data()`).
  void pull_back();

  /// Writes the folded chains into the model's parameters.
  /// Throws `c10::Error` as `pull_back` does for the model's parameters.
  void fold();

  /// `pull_back(); optimizer.step(); fold();`. If `pull_back` has been called
  /// for these gradients already, to clip them say, it is not called again.
  ///
  /// Throws `c10::Error`, before anything changes, for an optimizer that does
  /// not hold all factors or that holds expanded weights, for LBFGS, which in
  /// LibTorch reads gradients as flat memory, and where a chain is narrowed
  /// (`ExpansionOptions::narrow`) for all but `torch::optim::SGD` and
  /// `train::SGD`.
  void step(torch::optim::Optimizer& optimizer);

  /// `backward(); step(optimizer);` with each chain pulled back, updated and
  /// folded within the backward pass, as soon as the gradient of its layer is
  /// complete: nothing needs that layer's weight any more. What is not expanded
  /// is updated last. The same numbers, in another order.
  ///
  /// `backward` is one backward pass. Throws `c10::Error` as `step` does; also
  /// if the rest of the pass still reads a weight (through `detach()`), when
  /// some chains have been updated already.
  void step_in_backward(torch::optim::Optimizer& optimizer,
                        const std::function<void()>& backward,
                        const StepInBackward& how);

  /// Runs `forward`, a forward pass of the model, and counts what its layers
  /// do: `summary` then says what the chains add to a step of that batch and
  /// size. `train::Step` does so for batches of a new size.
  ///
  ///     expansion.observe([&] { model->forward(batch.data); });
  void observe(const std::function<void()>& forward);

  /// Moves or converts the model and the factors together and folds again;
  /// factors of a half-precision model stay float.
  void to(torch::Device device);
  void to(torch::Dtype dtype);
  void to(torch::Device device, torch::Dtype dtype);

  /// The factors, as `torch::save(expansion, file)` and `torch::load` use them.
  /// The model is saved by itself. Loading folds; it throws `c10::Error`, and
  /// changes nothing, unless the factors have the shapes of these.
  void save(torch::serialize::OutputArchive& archive) const;
  void load(torch::serialize::InputArchive& archive);

  /// Ends the expansion: each compact weight becomes the fold of its chain in
  /// fp64, cast once; the chains are dropped. Verified first, all or nothing.
  ContractionReport contract(const VerifyOptions& options = {});
  /// Checks each chain as `expandnet::verify` does, and that the model holds
  /// its fold to the rounding of the dtypes.
  [[nodiscard]] ContractionReport verify(
      const VerifyOptions& options = {}) const;
  [[nodiscard]] Summary summary() const;

  /// The model that was expanded.
  [[nodiscard]] torch::nn::Module& model() const;
  /// Number of layers with a chain; 0 once contracted.
  [[nodiscard]] std::size_t size() const;
  /// Layers that were asked for but left compact, or expanded in another way
  /// than asked for, and why.
  [[nodiscard]] const std::vector<std::string>& notes() const;

 private:
  struct Impl;
  explicit Expansion(std::unique_ptr<Impl> impl);
  friend Expansion expand(torch::nn::Module& model, const Selector& selector,
                          const MaxCost& max_cost);
  friend void hand_over(const torch::nn::Module& twin, Expansion& expansion);
  std::unique_ptr<Impl> impl_;
};

torch::serialize::OutputArchive& operator<<(
    torch::serialize::OutputArchive& archive, const Expansion& expansion);
torch::serialize::InputArchive& operator>>(
    torch::serialize::InputArchive& archive, Expansion& expansion);

}  // namespace expandnet
