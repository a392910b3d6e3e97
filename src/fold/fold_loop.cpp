#include "fold/fold_loop.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/addmv.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/sum.h>

#include <algorithm>

#include "fold/below_autograd.h"
#include "fold/compose.h"
#include "fold/memory.h"
#include "fold/place.h"
#include "fold/precision.h"
#include "fold/sides.h"

namespace expandnet {

namespace {

constexpr std::int64_t kTaps = 2;  ///< their dimension in a kernel

void multiply(at::Tensor& into, const at::Tensor& a, const at::Tensor& b) {
  if (a.dim() == 2) {
    at::mm_out(into, a, b);
  } else if (a.size(2) == 1) {
    at::mul_out(into, a, b);
  } else {
    at::bmm_out(into, a, b);
  }
}

/// [g, n, m] or [n, m] times [g, m, 1] or [m].
void apply(at::Tensor& into, const at::Tensor& a, const at::Tensor& vector) {
  if (a.dim() == 2) {
    at::mv_out(into, a, vector);
  } else {
    at::bmm_out(into, a, vector);
  }
}

/// A matrix of a group, or one for each.
at::Tensor matrix(const at::Tensor& batch) {
  return batch.size(0) == 1 ? batch.squeeze(0) : batch;
}

/// [g, in] of a bias in front of a kernel with other groups.
at::Tensor with_groups(const at::Tensor& bias, std::int64_t groups) {
  return bias.defined() ? bias.view({groups, -1}) : bias;
}

}  // namespace

FoldLoop::FoldLoop(const Plan& plan, const std::vector<Affine>& factors) {
  const at::NoGradGuard no_grad;
  const auto dtype = master_dtype(factors.front().weight.scalar_type());
  const auto options = factors.front().weight.options().dtype(dtype);
  nodes_.reserve(factors.size() + plan.order.size());
  for (std::size_t i = 0; i < factors.size(); ++i) {
    add_factor(plan.factors[i], factors[i], options);
  }
  nodes_.resize(factors.size() + plan.order.size());
  for (std::size_t i = 0; i < plan.order.size(); ++i) {
    add_composition(plan.order[i], factors.size() + i, options);
  }
  if (plan.is_single_chain()) {
    const auto& whole = nodes_.back();
    folded_ = {whole.weight, whole.bias};
    gradient_ = {whole.weight_grad, whole.bias_grad};
  } else {
    add_sum(plan, options);
  }
}

void FoldLoop::add_factor(const FactorShape& shape, const Affine& factor,
                          const at::TensorOptions& options) {
  const auto groups = shape.groups;
  const auto dtype = at::typeMetaToScalarType(options.dtype());
  Node node;
  node.sides = shape.kernel_size;
  node.trained = !shape.fixed;
  // [g, out, *k, in], a view whatever the strides
  const auto kernel =
      factor.weight.detach().unflatten(0, {groups, -1}).movedim(2, -1);
  const bool is_kernel = kernel.is_contiguous() &&
                         kernel.scalar_type() == dtype && !shape.adds_identity;
  const auto memory = is_kernel ? kernel : at::empty(kernel.sizes(), options);
  node.weight =
      memory.view({groups, kernel.size(1), shape.taps(), kernel.size(-1)});
  if (!is_kernel) {
    staged_.push_back({{memory, kernel}, {}});
    if (shape.adds_identity) {
      const auto diagonal = node.weight.squeeze(kTaps).diagonal(0, 1, 2);
      staged_.back().identity = {diagonal, at::ones_like(diagonal)};
    }
  }
  if (factor.bias.defined()) {
    const auto bias = factor.bias.detach().unflatten(0, {groups, -1});
    node.bias = bias;
    if (!bias.is_contiguous() || bias.scalar_type() != dtype) {
      node.bias = at::empty(bias.sizes(), options);
      staged_.push_back({{node.bias, bias}, {}});
    }
  }
  Affine gradient;
  if (node.trained) {
    gradient.weight = empty_weight(shape.weight_sizes(), options);
    node.weight_grad = to_kernel(gradient.weight, groups);
  }
  if (node.trained && node.bias.defined()) {
    gradient.bias = at::empty({shape.out_channels}, options);
    node.bias_grad = gradient.bias.view({groups, -1});
  }
  nodes_.push_back(std::move(node));
  gradients_.push_back(std::move(gradient));
}

// Shapes and memory first: the gradient of a composition's bias is that of the
// outer node, and the outermost one is a factor's.
void FoldLoop::add_composition(const Composition& composition,
                               std::size_t result_index,
                               const at::TensorOptions& options) {
  const auto& outer = nodes_[composition.outer];
  const auto& inner = nodes_[composition.inner];
  auto& result = nodes_[result_index];
  const auto groups = std::min(outer.weight.size(0), inner.weight.size(0));
  const auto out = outer.weight.size(0) * outer.weight.size(1) / groups;
  const auto in = inner.weight.size(0) * inner.weight.size(3) / groups;
  result.sides = composition.sides;
  result.trained = outer.trained || inner.trained;
  result.weight =
      at::empty({groups, out, taps_of(composition.sides), in}, options);
  if (result.trained) result.weight_grad = at::empty_like(result.weight);
  result.bias = with_groups(outer.bias, groups);
  result.bias_grad = with_groups(outer.bias_grad, groups);
  if (inner.bias.defined()) {
    result.bias = at::empty({groups, out}, options);
    if (!outer.bias.defined()) result.bias_grad = at::empty_like(result.bias);
  }
  steps_.push_back(step_of(composition, result_index));
}

FoldLoop::Step FoldLoop::step_of(const Composition& composition,
                                 std::size_t result_index) const {
  const auto& outer = nodes_[composition.outer];
  const auto& inner = nodes_[composition.inner];
  const auto& result = nodes_[result_index];
  const auto coarse = result.weight.size(0);
  const auto fine = std::max(outer.weight.size(0), inner.weight.size(0));
  const bool splits = outer.weight.size(0) < inner.weight.size(0);
  Step step;
  // All with the groups of the finer node.
  auto outer_weight = outer.weight, outer_grad = outer.weight_grad;
  auto result_weight = result.weight, result_grad = result.weight_grad;
  if (splits) {
    const auto copied = [&](const at::Tensor& kernel, Pair& pair,
                            bool is_into) {
      if (!kernel.defined()) return kernel;
      const auto ratio = fine / coarse;
      const auto own = kernel.unflatten(3, {ratio, kernel.size(3) / ratio})
                           .movedim(3, 1);  // [g, r, out, taps, in]
      const auto copy = at::empty(own.sizes(), own.options());
      pair = is_into ? Pair{copy, own} : Pair{own, copy};
      return copy.flatten(0, 1);
    };
    outer_weight = copied(outer.weight, step.split, true);
    outer_grad = copied(outer.weight_grad, step.joined_grad, false);
    result_weight = copied(result.weight, step.joined, false);
    result_grad = copied(result.weight_grad, step.split_grad, true);
  } else {
    result_weight = group_outputs(result_weight, fine);
    if (result_grad.defined()) result_grad = group_outputs(result_grad, fine);
  }
  const auto inner_weight = group_outputs(inner.weight, fine);

  step.outer = matrix(outer_weight.flatten(1, 2));
  step.inner = matrix(inner_weight.flatten(2, 3));
  step.outer_transposed = step.outer.transpose(-2, -1);
  step.inner_transposed = step.inner.transpose(-2, -1);
  if (outer.trained) step.outer_grad = matrix(outer_grad.flatten(1, 2));
  if (inner.trained) {
    step.inner_grad =
        matrix(group_outputs(inner.weight_grad, fine).flatten(2, 3));
  }
  const std::vector<std::int64_t> shape = {
      fine, outer_weight.size(1) * outer_weight.size(2),
      inner_weight.size(2) * inner_weight.size(3)};
  if (outer.weight.size(2) > 1 && inner.weight.size(2) > 1) {
    step.sum = result_weight;
    const auto products = at::empty(shape, result.weight.options());
    step.product = matrix(products);
    for_each_shift(products, result_weight, outer.sides, inner.sides,
                   [&step](const at::Tensor& into, const at::Tensor& from) {
                     step.shifts.push_back({into, from});
                   });
    if (result.trained) {
      // The product has been added up when the way back begins.
      step.matrix = step.product;
      const auto windows =
          shifted_windows(result_grad, outer.sides, inner.sides);
      step.spread = {products.view(windows.sizes()), windows};
    }
  } else {
    step.product = matrix(result_weight.view(shape));
    if (result.trained) step.matrix = matrix(result_grad.view(shape));
  }
  if (inner.bias.defined()) add_bias(step, outer, inner, result);
  return step;
}

void FoldLoop::add_bias(Step& step, const Node& outer, const Node& inner,
                        const Node& result) {
  const auto groups = outer.weight.size(0);
  const auto as_vector = [groups](const at::Tensor& bias) {
    if (!bias.defined()) return bias;
    const auto own = with_groups(bias, groups);
    return groups == 1 ? own.squeeze(0) : own.unsqueeze(2);
  };
  auto summed = outer.weight.select(2, 0);
  if (outer.weight.size(2) > 1) {
    summed = at::empty_like(summed, at::MemoryFormat::Contiguous);
    step.taps = {summed, outer.weight};
  }
  step.summed = matrix(summed);
  step.summed_transposed = step.summed.transpose(-2, -1);
  step.inner_bias = as_vector(inner.bias);
  step.outer_bias = as_vector(outer.bias);
  step.bias = as_vector(result.bias);
  step.bias_grad = as_vector(result.bias_grad);
  step.inner_bias_grad = as_vector(inner.bias_grad);
  step.outer_kernel_grad = outer.weight_grad;
  step.bias_terms = {
      with_groups(result.bias_grad, groups).unsqueeze(2).unsqueeze(3),
      with_groups(inner.bias, groups).unsqueeze(1).unsqueeze(1)};
}

void FoldLoop::add_sum(const Plan& plan, const at::TensorOptions& options) {
  const auto& layer = plan.layer;
  const auto groups = layer.groups;
  const auto& sides = layer.kernel_size;
  folded_.weight = at::empty({groups, layer.out_channels / groups,
                              taps_of(sides), layer.in_channels / groups},
                             options);
  gradient_.weight = at::empty_like(folded_.weight);
  if (layer.bias) {
    folded_.bias = at::empty({groups, layer.out_channels / groups}, options);
    gradient_.bias = at::empty_like(folded_.bias);
  }
  for (const auto& branch : plan.branches) {
    const auto& root = nodes_[branch.root];
    const auto own = root.weight.size(0);
    const auto placed = [&](const at::Tensor& whole) {
      return place_of(whole, sides, root.sides, own);
    };
    Term term;
    term.covers = own == groups && root.sides == sides;
    term.weight = {placed(folded_.weight),
                   to_place(root.weight, root.sides, groups)};
    if (root.trained) {
      term.weight_grad = {to_place(root.weight_grad, root.sides, groups),
                          placed(gradient_.weight)};
    }
    if (root.bias.defined()) {
      term.bias = {folded_.bias, with_groups(root.bias, groups)};
      term.bias_grad = {with_groups(root.bias_grad, groups), gradient_.bias};
    }
    terms_.push_back(std::move(term));
  }
  // One that covers the sum is copied, and the others are added.
  std::stable_sort(
      terms_.begin(), terms_.end(),
      [](const Term& a, const Term& b) { return a.covers && !b.covers; });
}

void FoldLoop::fold_sum() {
  const bool copies = terms_.front().covers;
  if (!copies) folded_.weight.zero_();
  if (folded_.bias.defined()) folded_.bias.zero_();
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    auto& [weight, bias, weight_grad, bias_grad, covers] = terms_[i];
    if (i == 0 && copies) {
      weight.into.copy_(weight.from);
    } else {
      weight.into.add_(weight.from);
    }
    if (bias.into.defined()) bias.into.add_(bias.from);
  }
}

void FoldLoop::fold() {
  const at::NoGradGuard no_grad;
  const BelowAutograd below_autograd;
  const FullPrecisionGuard full_precision;
  for (auto& [pair, identity] : staged_) {
    pair.into.copy_(pair.from);
    if (identity.into.defined()) identity.into.add_(identity.from);
  }
  for (auto& step : steps_) {
    if (step.split.into.defined()) step.split.into.copy_(step.split.from);
    multiply(step.product, step.outer, step.inner);
    if (step.sum.defined()) {
      step.sum.zero_();
      for (auto& [into, from] : step.shifts) into.add_(from);
    }
    if (step.joined.into.defined()) step.joined.into.copy_(step.joined.from);
    if (!step.bias.defined()) continue;
    if (step.taps.into.defined()) {
      at::sum_out(step.taps.into, step.taps.from, at::IntArrayRef(kTaps));
    }
    if (!step.outer_bias.defined()) {
      apply(step.bias, step.summed, step.inner_bias);
    } else if (step.summed.dim() == 2) {
      at::addmv_out(step.bias, step.outer_bias, step.summed, step.inner_bias);
    } else {
      at::baddbmm_out(step.bias, step.outer_bias, step.summed, step.inner_bias);
    }
  }
  if (!terms_.empty()) fold_sum();
}

void FoldLoop::pull_back(bool with_bias) {
  const at::NoGradGuard no_grad;
  const BelowAutograd below_autograd;
  const FullPrecisionGuard full_precision;
  for (auto& term : terms_) {
    if (term.weight_grad.into.defined()) {
      term.weight_grad.into.copy_(term.weight_grad.from);
    }
    if (with_bias && term.bias_grad.into.defined()) {
      term.bias_grad.into.copy_(term.bias_grad.from);
    }
  }
  for (auto i = steps_.size(); i-- > 0;) {
    auto& step = steps_[i];
    if (!step.matrix.defined()) continue;
    if (step.split_grad.into.defined()) {
      step.split_grad.into.copy_(step.split_grad.from);
    }
    if (step.spread.into.defined()) step.spread.into.copy_(step.spread.from);
    if (step.outer_grad.defined()) {
      multiply(step.outer_grad, step.matrix, step.inner_transposed);
    }
    if (step.joined_grad.into.defined()) {
      step.joined_grad.into.copy_(step.joined_grad.from);
    }
    if (step.inner_grad.defined()) {
      multiply(step.inner_grad, step.outer_transposed, step.matrix);
    }
    if (!with_bias || !step.bias.defined()) continue;
    if (step.outer_kernel_grad.defined()) {
      step.outer_kernel_grad.addcmul_(step.bias_terms.into,
                                      step.bias_terms.from);
    }
    apply(step.inner_bias_grad, step.summed_transposed, step.bias_grad);
  }
}

}  // namespace expandnet
