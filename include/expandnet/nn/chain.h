// chain.h: the factors of one compact layer, as a LibTorch module.
#pragma once

#include <expandnet/base/export.h>
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
/// [out], which is undefined if the plan gives the factor none. The weight of a
/// fixed factor is a buffer.
class EXPANDNET_API FactorImpl : public torch::nn::Cloneable<FactorImpl> {
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

/// Owns the factors that replace one compact layer, under the keys `0.weight`,
/// `0.bias`, `1.weight` ... The factors of several branches follow branch by
/// branch; a scale is the last factor of its branch.
///
/// If the shapes of the factors do not determine the plan (`Plan::is_plain` is
/// false), int64 buffers describe the rest: `branches` [branches] holds the
/// number of factors of each branch; `factors` [factors, 3] holds for each
/// factor its groups, whether it is fixed and whether it adds an identity;
/// `layer` [1 + dimensions] holds the groups and the kernel sides of the
/// compact layer.
///
/// Factors are master weights: `to(torch::kHalf)` and `to(torch::kBFloat16)`
/// leave them float and only set the dtype of the folded weight.
///
/// With `narrow(true)` the initial values are drawn for the chain that was
/// asked for and then narrowed (fold/narrow.h): train such a chain with SGD.
///
///     Chain chain(plan(linear_layer(512, 64), Strategy::kFC));
class EXPANDNET_API ChainImpl : public torch::nn::Cloneable<ChainImpl> {
 public:
  /// Throws `c10::Error` if a nonlinear twin is to be narrowed.
  explicit ChainImpl(Plan plan, ExpansionOptions options = {});

  void reset() override;
  /// Draws new initial values according to the options.
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;

  /// Throws `c10::Error` if the saved chain has other branches, or factors of
  /// other sizes, before the first is read. (Of a model, the chains before it
  /// are loaded then, as LibTorch's modules are.)
  void load(torch::serialize::InputArchive& archive) override;
  using torch::nn::Module::to;
  void to(torch::Device device, torch::Dtype dtype,
          bool non_blocking = false) override;
  void to(torch::Dtype dtype, bool non_blocking = false) override;

  /// The plan of the factors: narrowed if the options say so.
  [[nodiscard]] const Plan& plan() const { return *plan_; }
  /// The plan that was asked for.
  [[nodiscard]] const Plan& asked() const { return asked_; }
  /// Whether `plan()` is narrower than `asked()`.
  [[nodiscard]] bool is_narrowed() const;
  [[nodiscard]] const ExpansionOptions& options() const { return options_; }
  /// The dtype of the compact layer: the half precision set by `to`, else the
  /// factors' dtype.
  [[nodiscard]] torch::Dtype dtype() const;

  /// The registered parameters (not copies), first factor first.
  [[nodiscard]] std::vector<Affine> factors() const;
  /// Copies `values` into the existing parameters, so that optimizers stay
  /// valid. A twin's factors are handed over in this way. If this chain is
  /// narrowed and `values` has the shapes of `asked()`, narrows the values
  /// first. Throws `c10::Error` as `check_factors` does, before the first copy.
  void set_factors(const std::vector<Affine>& values);

  /// The compact layer's weight and bias: the fold in fp64, cast once to
  /// `dtype()`; contiguous, without gradients.
  [[nodiscard]] Affine contracted() const;

  /// The compact layer's weight and bias in `dtype()`. If gradients are
  /// recorded, they are connected to the factors by `pull_back`. Otherwise the
  /// last fold is cached. The cache is dropped when a factor's version or
  /// storage changes. It is not used while a factor has a `.grad`, because
  /// torch::optim then updates through `data()`, which does not bump versions.
  /// Other writes through `data()` are not noticed.
  [[nodiscard]] Affine fold();

  /// Root mean square of the folded weight at the start: after the last call of
  /// `reset_parameters` or `mark_start`. Absent for a plain plan.
  [[nodiscard]] std::optional<double> initial_spread() const {
    return initial_spread_;
  }
  /// Makes the current factors the start.
  void mark_start();

 private:
  /// The last fold without gradients and the factors it came from. `sources`
  /// are aliases, which keep the storage alive, so that no other tensor gets
  /// the same address.
  struct Cache {
    std::vector<torch::Tensor> sources;
    std::vector<std::int64_t> versions;
    Affine affine;
  };

  void register_layout();
  /// Undoes the cast of the integer buffers by `Module::to`.
  void restore_layout();
  void set_dtype(torch::Dtype dtype);
  [[nodiscard]] bool is_current(const Cache& cache) const;
  [[nodiscard]] Affine in_layer_dtype(const Affine& affine) const;

  Plan asked_;
  std::shared_ptr<const Plan> plan_;  // shared with autograd graphs
  ExpansionOptions options_;
  std::vector<Factor> factors_;
  std::vector<torch::Tensor> layout_;  ///< registered buffers; empty for a
                                       ///< plain plan
  std::optional<torch::Dtype> half_precision_;
  std::optional<double> initial_spread_;
  std::optional<Cache> cache_;
};
TORCH_MODULE(Chain);

}  // namespace expandnet
