#include "fold/fold_loop.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/addmv.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/sum.h>

#include "fold/below_autograd.h"
#include "fold/compose.h"
#include "fold/memory.h"
#include "fold/precision.h"
#include "fold/sides.h"

namespace expandnet {

namespace {

constexpr std::int64_t kTaps = 2;  ///< their dimension in a kernel

void multiply(at::Tensor& into, const at::Tensor& a, const at::Tensor& b) {
  if (a.dim() == 2) {
    at::mm_out(into, a, b);
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

}  // namespace

FoldLoop::FoldLoop(const Plan& plan, const std::vector<Affine>& factors)
    : groups_(plan.layer.groups) {
  const at::NoGradGuard no_grad;
  const auto dtype = master_dtype(factors.front().weight.scalar_type());
  const auto options = factors.front().weight.options().dtype(dtype);
  const auto count = factors.size() + plan.order.size();
  nodes_.resize(count);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    auto& node = nodes_[i];
    node.sides = plan.factors[i].kernel_size;
    // [g, out, *k, in], a view whatever the strides
    const auto kernel =
        factors[i].weight.detach().unflatten(0, {groups_, -1}).movedim(2, -1);
    const bool is_kernel =
        kernel.is_contiguous() && kernel.scalar_type() == dtype;
    const auto memory = is_kernel ? kernel : at::empty(kernel.sizes(), options);
    if (!is_kernel) staged_.push_back({memory, kernel});
    node.weight = memory.view(
        {groups_, kernel.size(1), plan.factors[i].taps(), kernel.size(-1)});
    if (factors[i].bias.defined()) {
      const auto bias = factors[i].bias.detach().unflatten(0, {groups_, -1});
      node.bias = bias;
      if (!bias.is_contiguous() || bias.scalar_type() != dtype) {
        node.bias = at::empty(bias.sizes(), options);
        staged_.push_back({node.bias, bias});
      }
    }
    Affine gradient{empty_weight(plan.weight_sizes(i), options), {}};
    node.weight_grad = to_kernel(gradient.weight, groups_);
    if (node.bias.defined()) {
      gradient.bias = at::empty({plan.factors[i].out_channels}, options);
      node.bias_grad = gradient.bias.view({groups_, -1});
    }
    gradients_.push_back(std::move(gradient));
  }
  // Shapes and memory first: the gradient of a composition's bias is that of
  // the outer node, and the outermost one is a factor's.
  for (std::size_t i = 0; i < plan.order.size(); ++i) {
    const auto& [outer_index, inner_index, sides] = plan.order[i];
    const auto& outer = nodes_[outer_index];
    const auto& inner = nodes_[inner_index];
    auto& result = nodes_[factors.size() + i];
    result.sides = sides;
    result.weight = at::empty(
        {groups_, outer.weight.size(1), taps_of(sides), inner.weight.size(3)},
        options);
    result.weight_grad = at::empty_like(result.weight);
    result.bias = outer.bias;
    result.bias_grad = outer.bias_grad;
    if (inner.bias.defined()) {
      result.bias = at::empty({groups_, outer.weight.size(1)}, options);
      if (!outer.bias.defined()) {
        result.bias_grad = at::empty_like(result.bias);
      }
    }
    steps_.push_back(step_of(plan.order[i], factors.size() + i));
  }
  const auto& whole = nodes_.back();
  folded_ = {whole.weight, whole.bias};
  gradient_ = {whole.weight_grad, whole.bias_grad};
}

at::Tensor FoldLoop::matrix(const at::Tensor& batch) const {
  return groups_ == 1 ? batch.squeeze(0) : batch;
}

FoldLoop::Step FoldLoop::step_of(const Composition& composition,
                                 std::size_t result_index) {
  const auto& outer = nodes_[composition.outer];
  const auto& inner = nodes_[composition.inner];
  const auto& result = nodes_[result_index];
  Step step;
  step.outer = matrix(outer.weight.flatten(1, 2));
  step.inner = matrix(inner.weight.flatten(2, 3));
  step.outer_transposed = step.outer.transpose(-2, -1);
  step.inner_transposed = step.inner.transpose(-2, -1);
  step.outer_grad = matrix(outer.weight_grad.flatten(1, 2));
  step.inner_grad = matrix(inner.weight_grad.flatten(2, 3));
  const std::vector<std::int64_t> shape = {
      groups_, outer.weight.size(1) * outer.weight.size(2),
      inner.weight.size(2) * inner.weight.size(3)};
  if (outer.weight.size(2) > 1 && inner.weight.size(2) > 1) {
    step.sum = result.weight;
    const auto products = at::empty(shape, result.weight.options());
    step.product = matrix(products);
    for_each_shift(products, result.weight, outer.sides, inner.sides,
                   [&step](const at::Tensor& into, const at::Tensor& from) {
                     step.shifts.push_back({into, from});
                   });
    // The product has been added up when the way back begins.
    step.matrix = step.product;
    const auto windows =
        shifted_windows(result.weight_grad, outer.sides, inner.sides);
    step.spread = {products.view(windows.sizes()), windows};
  } else {
    step.product = matrix(result.weight.view(shape));
    step.matrix = matrix(result.weight_grad.view(shape));
  }
  if (inner.bias.defined()) add_bias(step, outer, inner, result);
  return step;
}

void FoldLoop::add_bias(Step& step, const Node& outer, const Node& inner,
                        const Node& result) {
  const auto as_vector = [this](const at::Tensor& bias) {
    if (!bias.defined()) return bias;
    return groups_ == 1 ? bias.squeeze(0) : bias.unsqueeze(2);
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
  step.bias_terms = {result.bias_grad.unsqueeze(2).unsqueeze(3),
                     inner.bias.unsqueeze(1).unsqueeze(1)};
}

void FoldLoop::fold() {
  const at::NoGradGuard no_grad;
  const BelowAutograd below_autograd;
  const FullPrecisionGuard full_precision;
  for (auto& [into, from] : staged_) into.copy_(from);
  for (auto& step : steps_) {
    multiply(step.product, step.outer, step.inner);
    if (step.sum.defined()) {
      step.sum.zero_();
      for (auto& [into, from] : step.shifts) into.add_(from);
    }
    if (!step.bias.defined()) continue;
    if (step.taps.into.defined()) {
      at::sum_out(step.taps.into, step.taps.from, at::IntArrayRef(kTaps));
    }
    if (!step.outer_bias.defined()) {
      apply(step.bias, step.summed, step.inner_bias);
    } else if (groups_ == 1) {
      at::addmv_out(step.bias, step.outer_bias, step.summed, step.inner_bias);
    } else {
      at::baddbmm_out(step.bias, step.outer_bias, step.summed, step.inner_bias);
    }
  }
}

void FoldLoop::pull_back(bool with_bias) {
  const at::NoGradGuard no_grad;
  const BelowAutograd below_autograd;
  const FullPrecisionGuard full_precision;
  for (auto i = steps_.size(); i-- > 0;) {
    auto& step = steps_[i];
    if (step.spread.into.defined()) step.spread.into.copy_(step.spread.from);
    multiply(step.outer_grad, step.matrix, step.inner_transposed);
    multiply(step.inner_grad, step.outer_transposed, step.matrix);
    if (!with_bias || !step.bias.defined()) continue;
    step.outer_kernel_grad.addcmul_(step.bias_terms.into, step.bias_terms.from);
    apply(step.inner_bias_grad, step.summed_transposed, step.bias_grad);
  }
}

}  // namespace expandnet
