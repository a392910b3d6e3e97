// chain.h: the factors of one compact layer, as a LibTorch module.
#pragma once

#include <expandnet/fold/fold.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <vector>

namespace expandnet {

/// One linear layer of a chain: `weight` [out, in / groups, *k] and `bias`
/// [out], undefined if the plan gives it none. The weight of a fixed factor is
/// a buffer.
class FactorImpl : public torch::nn::Cloneable<FactorImpl> {
 public:
  FactorImpl(std::vector<std::int64_t> weight_sizes, bool has_bias,
             bool fixed = false);

  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  torch::Tensor weight;
  torch::Tensor bias;

 private:
  std::vector<std::int64_t> weight_sizes_;
  bool has_bias_;
  bool fixed_;
};
TORCH_MODULE(Factor);

/// Owns the factors that stand for one compact layer, with the keys
/// `0.weight`, `0.bias`, `1.weight` ...; of several branches, branch after
/// branch, a scale as the last factor of its branch.
///
/// What the shapes of a plan that is not plain do not tell stands beside them,
/// in buffers of 64-bit integers: `branches` [branches], the number of factors
/// of each; `factors` [factors, 3], the groups of each, whether it is fixed and
/// whether it adds an identity; `layer` [1 + dimensions], the layer's groups
/// and the sides of its kernel.
///
/// Factors are master weights: `to(torch::kHalf)` and `to(torch::kBFloat16)`
/// leave them float and only set the dtype in which the folded weight is
/// handed out.
///
/// With `narrow(true)` the factors are drawn as those of the chain that was
/// asked for, then narrowed (fold/narrow.h): train them with SGD.
///
///     Chain chain(plan(linear_layer(512, 64), Strategy::kFC));
class ChainImpl : public torch::nn::Cloneable<ChainImpl> {
 public:
  /// Throws `c10::Error` for a nonlinear twin that is to be narrowed.
  explicit ChainImpl(Plan plan, ExpansionOptions options = {});

  void reset() override;
  /// Draws new initial values, as the options say.
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;

  /// Throws `c10::Error` for the state of a chain of other branches.
  void load(torch::serialize::InputArchive& archive) override;
  using torch::nn::Module::to;
  void to(torch::Device device, torch::Dtype dtype,
          bool non_blocking = false) override;
  void to(torch::Dtype dtype, bool non_blocking = false) override;

  /// The chain that trains: narrowed, if the options say so.
  [[nodiscard]] const Plan& plan() const { return *plan_; }
  /// The chain that was asked for.
  [[nodiscard]] const Plan& asked() const { return asked_; }
  /// Whether `plan()` is narrower than `asked()`.
  [[nodiscard]] bool is_narrowed() const;
  [[nodiscard]] const ExpansionOptions& options() const { return options_; }
  /// The dtype of the compact layer: the factors', or the half precision that
  /// `to` asked for.
  [[nodiscard]] torch::Dtype dtype() const;

  /// The registered parameters themselves, first factor first.
  [[nodiscard]] std::vector<Affine> factors() const;
  /// Copies `values` into the factors (no new parameters, so optimizers stay
  /// valid); this is how a twin's factors are handed over. Factors of the
  /// chain that was asked for are narrowed first, if this one is.
  /// Throws `c10::Error` as `check_factors` does, before the first copy.
  void set_factors(const std::vector<Affine>& values);

  /// The compact layer's weight and bias: the fold in fp64, cast once to
  /// `dtype()`; contiguous, without gradients.
  [[nodiscard]] Affine contracted() const;

  /// The compact layer's weight and bias in `dtype()`, connected to the factors
  /// by `pull_back` where gradients are recorded. Otherwise what was folded
  /// last is reused while no factor has been written to or replaced, and none
  /// has a gradient: an optimizer may apply it unseen (torch::optim writes
  /// through `data()`; other such writes go unseen, as they do for autograd).
  [[nodiscard]] Affine fold();

  /// Root mean square of the folded weight where the chain started: after
  /// `reset_parameters` or `mark_start`. Absent for a plain plan.
  [[nodiscard]] std::optional<double> initial_spread() const {
    return initial_spread_;
  }
  /// Takes the factors as they are for the start.
  void mark_start();

 private:
  /// What was folded last without gradients, and from which factors. Aliases
  /// keep their storage alive, so that its address is theirs alone.
  struct Cache {
    std::vector<torch::Tensor> sources;
    std::vector<std::int64_t> versions;
    Affine affine;
  };

  void register_layout();
  /// Conversions of a module take buffers of integers along.
  void restore_layout();
  void set_dtype(torch::Dtype dtype);
  [[nodiscard]] bool is_current(const Cache& cache) const;
  [[nodiscard]] Affine in_layer_dtype(const Affine& affine) const;

  Plan asked_;
  std::shared_ptr<const Plan> plan_;  // shared with autograd graphs
  ExpansionOptions options_;
  std::vector<Factor> factors_;
  std::vector<torch::Tensor> layout_;  ///< registered; none of a plain plan
  std::optional<torch::Dtype> half_precision_;
  std::optional<double> initial_spread_;
  std::optional<Cache> cache_;
};
TORCH_MODULE(Chain);

}  // namespace expandnet
