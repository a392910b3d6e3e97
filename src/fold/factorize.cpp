#include <ATen/TensorOperators.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/util/Exception.h>
#include <expandnet/fold/factorize.h>
#include <expandnet/fold/pull_back.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "fold/compose.h"
#include "fold/drawn_values.h"
#include "fold/memory.h"
#include "fold/precision.h"
#include "fold/site_message.h"
#include "fold/solved_branch.h"

namespace expandnet {

namespace {

double squared_norm(const at::Tensor& tensor) {
  return tensor.square().sum().item<double>();
}

void check_compact(const Plan& plan, const Affine& compact) {
  const Site site{"factorize", ""};
  const auto shape = plan.layer.weight_sizes();
  TORCH_CHECK(
      compact.weight.defined() && compact.weight.sizes() == shape,
      error_message(
          site, "the weight must be " + sizes(shape),
          compact.weight.defined() ? sizes(compact.weight.sizes()) : "none"));
  TORCH_CHECK(at::isFloatingType(compact.weight.scalar_type()),
              error_message(site, "the weight must be floating point",
                            c10::toString(compact.weight.scalar_type())));
  TORCH_CHECK(compact.weight.isfinite().all().item<bool>() &&
                  (!compact.bias.defined() ||
                   compact.bias.isfinite().all().item<bool>()),
              error_message(site, "weight and bias must be finite",
                            "inf or nan among them"));
  TORCH_CHECK(compact.bias.defined() == plan.layer.bias,
              error_message(site,
                            plan.layer.bias ? "the layer has a bias"
                                            : "the layer has no bias",
                            compact.bias.defined() ? "one" : "none"));
  if (!plan.layer.bias) return;
  TORCH_CHECK(compact.bias.dim() == 1 &&
                  compact.bias.size(0) == plan.layer.out_channels,
              error_message(
                  site, "the bias must be " + sizes({plan.layer.out_channels}),
                  sizes(compact.bias.sizes())));
}

void check_holds_bias(const CompactLayer& layer, bool holds) {
  TORCH_CHECK(!layer.bias || holds,
              error_message("factorize",
                            "the last factor must have a bias to hold the "
                            "layer's",
                            "none"));
}

/// A random weight whose matrices (one a group) are orthonormal by rows or by
/// columns if it has one tap, and scaled to preserve variance otherwise.
at::Tensor conditioned(const Plan& plan, std::size_t i,
                       const at::TensorOptions& options,
                       const std::optional<at::Generator>& generator) {
  const auto& factor = plan.factors[i];
  const auto groups = plan.layer.groups;
  const auto out = factor.out_channels / groups;
  const auto in = factor.in_channels / groups;
  if (factor.taps() > 1) {
    const auto fan_in = static_cast<double>(in * factor.taps());
    return at::randn(plan.weight_sizes(i), generator, options) /
           std::sqrt(fan_in);
  }
  const auto tall = at::randn({groups, std::max(out, in), std::min(out, in)},
                              generator, options);
  const auto basis = std::get<0>(at::linalg_qr(tall));
  return (out >= in ? basis : basis.transpose(1, 2))
      .reshape(plan.weight_sizes(i));
}

/// The factor of a chain that is solved for.
struct Pivot {
  std::size_t factor = 0;
  /// Whether those before it have full column rank and those behind it full row
  /// rank, so that it decides what the chain folds to.
  bool has_room = false;
};

/// The one nearest the middle that has room, else the middle itself.
Pivot pivot_of(const Plan& plan) {
  const auto count = plan.factors.size();
  const auto middle = (count - 1) / 2;
  std::size_t best = count;
  for (std::size_t j = 0; j < count; ++j) {
    bool room = true;
    for (std::size_t i = 0; i + 1 < count; ++i) {
      const auto width = plan.factors[i].out_channels;
      room = room && width >= (i < j ? plan.layer.in_channels
                                     : plan.layer.out_channels);
    }
    const auto distance = [&](std::size_t k) {
      return std::abs(static_cast<std::int64_t>(k) -
                      static_cast<std::int64_t>(middle));
    };
    if (room && (best == count || distance(j) < distance(best))) best = j;
  }
  if (best == count) return {middle, false};
  return {best, true};
}

/// Least squares in one factor of the chain, the others fixed: the fold is
/// linear in it, and pull_back is its transpose, so conjugate gradients on the
/// normal equations (CGLS) need nothing else.
class FactorSolver {
 public:
  FactorSolver(Plan plan, at::Tensor target)
      : plan_(std::move(plan)), target_(std::move(target)) {
    for (auto& factor : plan_.factors) factor.bias = false;
  }

  void solve(std::vector<Affine>& factors, std::size_t i, double tolerance,
             std::int64_t steps) const {
    const auto folded = fold(plan_, factors);
    const auto transpose = [&](const at::Tensor& residual) {
      return pull_back(plan_, folded, {residual, {}})[i].weight;
    };
    auto residual = target_ - folded.weight;
    auto missing = squared_norm(residual);
    auto gradient = transpose(residual);
    auto direction = gradient;
    auto energy = squared_norm(gradient);
    const auto enough = tolerance * tolerance * squared_norm(target_);
    for (std::int64_t step = 0; step < steps && missing > enough; ++step) {
      const auto image = apply(factors, i, direction);
      const auto stride = energy / squared_norm(image);
      residual = residual - image * stride;
      const auto left = squared_norm(residual);
      if (!(left < missing)) return;  // down to rounding, or 0 / 0
      missing = left;
      factors[i].weight = factors[i].weight + direction * stride;
      gradient = transpose(residual);
      const auto next = squared_norm(gradient);
      direction = gradient + direction * (next / energy);
      energy = next;
    }
  }

  /// |target| / |fold(factors)|.
  [[nodiscard]] double norm_ratio(const std::vector<Affine>& factors) const {
    const auto folded = squared_norm(fold(plan_, factors).weight);
    return folded > 0 ? std::sqrt(squared_norm(target_) / folded) : 1;
  }

  [[nodiscard]] double residual(const std::vector<Affine>& factors) const {
    const auto missing = squared_norm(target_ - fold(plan_, factors).weight);
    const auto scale = squared_norm(target_);
    return std::sqrt(scale > 0 ? missing / scale : missing);
  }

 private:
  [[nodiscard]] at::Tensor apply(std::vector<Affine> factors, std::size_t i,
                                 const at::Tensor& weight) const {
    factors[i].weight = weight;
    return fold(plan_, factors).weight;
  }

  Plan plan_;
  at::Tensor target_;
};

/// Gives all weights the same Frobenius norm; their product stays.
void balance(std::vector<Affine>& factors) {
  double log_norms = 0;
  for (const auto& factor : factors) {
    const auto norm = squared_norm(factor.weight);
    if (norm == 0) return;
    log_norms += std::log(norm) / 2;
  }
  const auto norm = std::exp(log_norms / static_cast<double>(factors.size()));
  for (auto& factor : factors) {
    factor.weight =
        factor.weight * (norm / std::sqrt(squared_norm(factor.weight)));
  }
}

/// |fold(factors).weight - weight| / |weight| in fp64.
double relative_residual(const Plan& plan, std::vector<Affine> factors,
                         const at::Tensor& weight) {
  for (auto& factor : factors) {
    factor.weight = factor.weight.to(at::kDouble);
    if (factor.bias.defined()) factor.bias = factor.bias.to(at::kDouble);
  }
  const auto target = weight.detach().to(at::kDouble);
  const auto missing = squared_norm(target - fold(plan, factors).weight);
  const auto scale = squared_norm(target);
  return std::sqrt(scale > 0 ? missing / scale : missing);
}

/// Of a plan whose factors are trained and have the layer's groups, in `dtype`.
Factorization factorize_chain(const Plan& plan, const Affine& compact,
                              at::ScalarType dtype,
                              const FactorizeOptions& options,
                              const std::optional<at::Generator>& generator) {
  check_holds_bias(plan.layer, plan.factors.back().bias);
  const auto fp64 = compact.weight.options().dtype(at::kDouble);
  const auto target = compact.weight.detach().to(at::kDouble);

  std::vector<Affine> factors(plan.factors.size());
  for (std::size_t i = 0; i < factors.size(); ++i) {
    factors[i].weight = conditioned(plan, i, fp64, generator);
  }
  const FactorSolver solver(plan, target);
  const auto first = pivot_of(plan).factor;
  // From random values of the target's size: what the target leaves open stays
  // random, or the widths gained would never take part in the training.
  factors[first].weight.mul_(solver.norm_ratio(factors));
  solver.solve(factors, first, options.tolerance, options.steps);
  auto residual = solver.residual(factors);
  for (std::int64_t sweep = 0;
       sweep < options.sweeps && residual > options.tolerance; ++sweep) {
    for (std::size_t i = 0; i < factors.size(); ++i) {
      solver.solve(factors, i, options.tolerance, options.steps);
    }
    const auto before = residual;
    residual = solver.residual(factors);
    if (residual > 0.999 * before) break;
    const auto left = static_cast<double>(options.sweeps - sweep - 1);
    const bool is_hopeless =
        residual * std::pow(residual / before, left) > options.needed;
    if (options.needed > 0 && sweep >= 2 && is_hopeless) break;
  }
  balance(factors);

  // Memory order and biases of a chain as the library creates it.
  std::vector<Affine> result(factors.size());
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const auto options = fp64.dtype(dtype);
    result[i].weight = empty_weight(plan.weight_sizes(i), options);
    result[i].weight.copy_(factors[i].weight);
    if (!plan.factors[i].bias) continue;
    result[i].bias = at::zeros({plan.factors[i].out_channels}, options);
  }
  if (compact.bias.defined()) result.back().bias.copy_(compact.bias.detach());
  return {std::move(result), residual};
}

/// The number of factors of a branch without its scale.
std::size_t unscaled(const BranchShape& branch) {
  return branch.count - (branch.has_scale ? 1 : 0);
}

/// Whether the branch takes part in every number of the layer's weight, and all
/// its factors are trained.
bool reaches_all(const Plan& plan, const BranchShape& branch) {
  if (branch.kernel_size != plan.layer.kernel_size) return false;
  const auto end = branch.first + unscaled(branch);
  bool has_bias = false;
  for (auto i = branch.first; i < branch.first + branch.count; ++i) {
    const auto& factor = plan.factors[i];
    has_bias = has_bias || factor.bias;
    if (i == end) {
      if (factor.constant == 0) return false;
      continue;
    }
    if (factor.fixed || factor.adds_identity ||
        factor.groups != plan.layer.groups) {
      return false;
    }
  }
  return has_bias || !plan.layer.bias;
}

/// What is left of the layer for the branch to fold to, without its scale, when
/// the other factors are as they are. In fp64.
Affine left_for(const Plan& plan, const BranchShape& branch,
                const Affine& compact, std::vector<Affine> factors) {
  for (auto& [weight, bias] : factors) {
    weight = weight.to(at::kDouble);
    if (bias.defined()) bias = bias.to(at::kDouble);
  }
  for (auto i = branch.first; i < branch.first + branch.count; ++i) {
    factors[i].weight = at::zeros_like(factors[i].weight);
    if (factors[i].bias.defined()) {
      factors[i].bias = at::zeros_like(factors[i].bias);
    }
  }
  const auto others = fold(plan, factors);
  const auto scale =
      branch.has_scale ? plan.factors[branch.first + unscaled(branch)].constant
                       : 1;
  Affine left;
  left.weight =
      (compact.weight.detach().to(at::kDouble) - others.weight) / scale;
  if (!compact.bias.defined()) return left;
  left.bias = compact.bias.detach().to(at::kDouble) - others.bias;
  // A bias behind the scale is not scaled.
  const auto last = branch.first + branch.count - 1;
  if (!(branch.has_scale && plan.factors[last].bias)) {
    left.bias = left.bias / scale;
  }
  return left;
}

/// The branch as a chain of its own without its scale.
Plan chain_without_scale(const Plan& plan, const BranchShape& branch) {
  auto part = plan_of_branch(
      plan, static_cast<std::size_t>(&branch - plan.branches.data()));
  if (!branch.has_scale) return part;
  const bool bias = part.factors.back().bias;
  part.factors.pop_back();
  part.branches.front().count -= 1;
  part.branches.front().has_scale = false;
  if (bias) part.factors.back().bias = true;  // to be taken from there
  part.layer.bias = part.factors.back().bias;
  set_order(part);
  return part;
}

/// Whether a chain folds to any weight of its layer: the factor that is solved
/// for has room, and the whole kernel.
bool holds_any_weight(const Plan& chain) {
  const auto pivot = pivot_of(chain);
  return pivot.has_room &&
         chain.factors[pivot.factor].kernel_size == chain.layer.kernel_size;
}

/// The branch that is solved for: the first that folds to any weight of the
/// layer, else the first that takes part in every number of it.
const BranchShape& solved_branch(const Plan& plan) {
  const BranchShape* found = nullptr;
  for (const auto& branch : plan.branches) {
    if (!reaches_all(plan, branch)) continue;
    if (holds_any_weight(chain_without_scale(plan, branch))) return branch;
    if (found == nullptr) found = &branch;
  }
  TORCH_CHECK(
      found != nullptr,
      error_message("factorize",
                    "one branch must have the layer's kernel, groups and bias, "
                    "and a scale that is not 0, if it has one",
                    plan.widths(), "add a branch of kKernel"));
  return *found;
}

/// A chain that folds to `left`: of one factor, that itself.
std::vector<Affine> solved_chain(
    const Plan& part, const Affine& left, at::ScalarType dtype,
    const FactorizeOptions& options,
    const std::optional<at::Generator>& generator) {
  if (part.factors.size() > 1) {
    return factorize_chain(part, left, dtype, options, generator).factors;
  }
  auto weight = part.layer.transposed
                    ? swap_channels(left.weight, part.layer.groups)
                    : left.weight;
  Affine factor{empty_weight(weight.sizes(), weight.options().dtype(dtype)),
                left.bias};
  factor.weight.copy_(weight);
  if (factor.bias.defined()) factor.bias = factor.bias.to(dtype);
  return {factor};
}

}  // namespace

bool is_solved_by_ck(const Plan& plan) {
  const auto& branch =
      plan.is_plain() ? plan.branches.front() : solved_branch(plan);
  std::int64_t kernels = 0;
  for (auto i = branch.first; i < branch.first + branch.count; ++i) {
    if (plan.factors[i].taps() > 1) ++kernels;
  }
  return kernels > 1;
}

Factorization factorize(const Plan& plan, const Affine& compact,
                        const FactorizeOptions& options,
                        const std::optional<at::Generator>& generator) {
  check_compact(plan, compact);
  const auto dtype = master_dtype(compact.weight.scalar_type());
  if (plan.is_plain()) {
    return factorize_chain(plan, compact, dtype, options, generator);
  }
  const auto& branch = solved_branch(plan);
  auto factors =
      drawn_values(plan, {}, compact.weight.options().dtype(dtype), generator);
  for (auto& [weight, bias] : factors) {
    if (bias.defined()) bias.zero_();
  }
  const auto solved = solved_chain(chain_without_scale(plan, branch),
                                   left_for(plan, branch, compact, factors),
                                   dtype, options, generator);
  for (std::size_t i = 0; i < solved.size(); ++i) {
    auto& factor = factors[branch.first + i];
    factor.weight = solved[i].weight;
    // The last factor with a bias holds it: that, or the scale behind it.
    if (!solved[i].bias.defined()) continue;
    auto& holder = factor.bias.defined() ? factor.bias
                                         : factors[branch.first + i + 1].bias;
    holder = solved[i].bias;
  }
  return {factors, relative_residual(plan, factors, compact.weight)};
}

}  // namespace expandnet
