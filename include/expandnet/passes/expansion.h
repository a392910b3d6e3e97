// expansion.h: the chains of a model that trains in weight space.
//
// The model itself stays compact at all times. An Expansion holds the chains of
// its layers, outside of the model; the model's own parameters hold the folded
// weights. One training step is
//
//     compact .grad -> pull_back -> factor .grad
//                   -> optimizer -> fold -> compact
//
// It computes the same as training the chains over feature maps, at the cost of
// the compact network. Everything that uses only the model (checkpoints,
// evaluation, autocast, gradient averaging over processes) sees a plain compact
// network.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/passes/max_cost.h>
#include <expandnet/passes/selector.h>
#include <expandnet/passes/step_in_backward.h>
#include <expandnet/passes/step_scales.h>
#include <expandnet/passes/summary.h>
#include <expandnet/passes/verify.h>
#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace expandnet {

/// The chains of a model that trains in weight space. `expand` makes it.
///
///     auto expansion = expand(*model, ExpansionOptions().rate(4));
///     torch::optim::SGD optimizer(expansion.parameters(), 0.01);
///     for (auto& batch : *loader) {
///       expansion.zero_grad();
///       loss(model->forward(batch.data), batch.target).backward();
///       expansion.step(optimizer);
///     }
///
/// The factors are the master copy: what other code writes into an expanded
/// weight lasts until the next fold. Factors are float (or double) even if the
/// model is in half precision. The model must outlive its Expansion.
class EXPANDNET_API Expansion {
 public:
  Expansion(Expansion&&) noexcept;
  Expansion& operator=(Expansion&&) noexcept;
  ~Expansion();

  /// What an optimizer must train: the factors, and every parameter of the
  /// model that is not expanded; in the model's order, each once.
  [[nodiscard]] std::vector<torch::Tensor> parameters() const;
  /// The same with their keys: `PATH.chain.I.weight`, `PATH.chain.I.bias`, and
  /// the model's own keys.
  [[nodiscard]] torch::OrderedDict<std::string, torch::Tensor>
  named_parameters() const;
  /// All `parameters` except the factors: every parameter of the model that is
  /// not expanded.
  [[nodiscard]] std::vector<torch::Tensor> other_parameters() const;
  /// The buffers of the model and of the chains with their keys. A chain has
  /// buffers for fixed factors (`<path>.chain.<i>.weight`) and for the layout
  /// of its branches (nn/chain.h). Together with `named_parameters()` they are
  /// all that a file needs.
  [[nodiscard]] torch::OrderedDict<std::string, torch::Tensor> named_buffers()
      const;

  /// Drops (or zeroes) the gradients of the model and of the factors.
  void zero_grad(bool set_to_none = true);

  /// Computes the factors' gradients from those of the compact weights, which
  /// may have accumulated over several backward passes. If a layer has no
  /// gradient, its factors have none either. The next call writes to the same
  /// memory without telling autograd: clone gradients that you want to keep.
  ///
  /// Throws `c10::Error` if a compact parameter was replaced, resized, moved or
  /// converted, and if factors were written to since the last fold
  /// (torch::optim's own updates cannot be noticed, because they write through
  /// `data()`).
  void pull_back();

  /// Writes the folded chains into the model's parameters. Throws `c10::Error`
  /// if a compact parameter was replaced, resized, moved or converted.
  void fold();

  /// Does `pull_back(); optimizer.step(); fold();`. If `pull_back` was already
  /// called for these gradients, for example to clip them, it is not called
  /// again.
  ///
  /// Throws `c10::Error`, before anything changes, for an optimizer that does
  /// not hold all factors or that holds expanded weights; for LBFGS, because
  /// LibTorch's LBFGS reads gradients as flat memory; and if a chain is
  /// narrowed (`ExpansionOptions::narrow`), for all optimizers except
  /// `torch::optim::SGD` and `train::SGD`.
  void step(torch::optim::Optimizer& optimizer);

  /// Does `backward(); step(optimizer);`, but pulls back, updates and folds
  /// each chain within the backward pass: as soon as the gradient of its layer
  /// is complete, because the rest of the pass does not need the weight any
  /// more. Parameters that are not expanded are updated last. The results are
  /// the same as those of the two calls.
  ///
  /// `backward` must run one backward pass. Throws `c10::Error` as `step` does.
  /// Also throws if the rest of the pass does read the weight (through
  /// `detach()`); some chains have then been updated already.
  void step_in_backward(torch::optim::Optimizer& optimizer,
                        const std::function<void()>& backward,
                        const StepInBackward& how);

  /// Runs `forward`, a forward pass of the model, and counts the multiply-adds
  /// of its layers. Afterwards `summary` says what the chains add to a step on
  /// a batch of that size. `train::Step` calls this for batches of a new size.
  ///
  ///     expansion.observe([&] { model->forward(batch.data); });
  void observe(const std::function<void()>& forward);

  /// Moves or converts the model and the factors together, then folds again.
  /// The factors of a half-precision model stay float.
  void to(torch::Device device);
  void to(torch::Dtype dtype);
  void to(torch::Device device, torch::Dtype dtype);

  /// Saves or loads only the factors; `torch::save(expansion, file)` and
  /// `torch::load` use these. Save the model separately. Loading ends with a
  /// fold. It throws `c10::Error`, and changes nothing, unless the shapes are
  /// those of the factors.
  void save(torch::serialize::OutputArchive& archive) const;
  void load(torch::serialize::InputArchive& archive);

  /// Ends the expansion: replaces each compact weight by the fold of its chain
  /// in fp64, cast once, and drops the chains. Verifies all chains first; on
  /// failure nothing changes.
  ContractionReport contract(const VerifyOptions& options = {});
  /// Checks each chain as `expandnet::verify` does, and checks that the model
  /// holds its fold, up to the rounding of the dtypes.
  [[nodiscard]] ContractionReport verify(
      const VerifyOptions& options = {}) const;
  [[nodiscard]] Summary summary() const;
  /// How fast each chain trains at one learning rate, at its present values. A
  /// chain that starts from a trained weight is often several times as fast as
  /// the compact layer. To compensate, give each chain its own parameter group,
  /// and `other_parameters` another one:
  ///
  ///     for (const auto& layer : expansion.step_scales()) {
  ///       groups.emplace_back(
  ///           layer.parameters,
  ///           std::make_unique<SGDOptions>(rate / layer.mean));
  ///     }
  [[nodiscard]] std::vector<StepScale> step_scales() const;

  /// The model that was expanded.
  [[nodiscard]] torch::nn::Module& model() const;
  /// Number of layers with a chain; 0 after contraction.
  [[nodiscard]] std::size_t size() const;
  /// One sentence per layer that was selected but stayed compact, or that was
  /// expanded differently than asked for, with the reason.
  [[nodiscard]] const std::vector<std::string>& notes() const;

 private:
  struct Impl;
  explicit Expansion(std::unique_ptr<Impl> impl);
  friend Expansion expand(torch::nn::Module& model, const Selector& selector,
                          const MaxCost& max_cost);
  friend void hand_over(const torch::nn::Module& twin, Expansion& expansion);
  std::unique_ptr<Impl> impl_;
};

EXPANDNET_API torch::serialize::OutputArchive& operator<<(
    torch::serialize::OutputArchive& archive, const Expansion& expansion);
EXPANDNET_API torch::serialize::InputArchive& operator>>(
    torch::serialize::InputArchive& archive, Expansion& expansion);

}  // namespace expandnet
