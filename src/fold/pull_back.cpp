#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/addr.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/zeros_like.h>
#include <c10/util/Exception.h>
#include <expandnet/fold/pull_back.h>

#include "fold/complaint.h"
#include "fold/compose.h"
#include "fold/precision.h"

namespace expandnet {

namespace {

void check_gradient(const CompactLayer& layer, const Affine& grad) {
  const Site site{"pull_back", ""};
  TORCH_CHECK(
      !grad.weight.defined() || grad.weight.sizes() == layer.weight_sizes(),
      complaint(site,
                "the weight's gradient must be " + sizes(layer.weight_sizes()),
                sizes(grad.weight.sizes())));
  TORCH_CHECK(
      !grad.bias.defined() ||
          (grad.bias.dim() == 1 && grad.bias.size(0) == layer.out_channels),
      complaint(site,
                "the bias's gradient must be " + sizes({layer.out_channels}),
                sizes(grad.bias.sizes())));
}

/// [g, out, m] transposed, applied to [g, out].
at::Tensor apply_transposed(const at::Tensor& matrix,
                            const at::Tensor& vector) {
  if (matrix.size(0) == 1) {
    return matrix.squeeze(0).t().mv(vector.squeeze(0)).unsqueeze(0);
  }
  return matrix.transpose(1, 2).bmm(vector.unsqueeze(2)).squeeze(2);
}

/// A gradient's memory as a kernel's, if there is a gradient.
at::Tensor as_kernel(const std::vector<Affine>& reuse, std::size_t i,
                     std::int64_t groups) {
  if (i >= reuse.size() || !reuse[i].weight.defined()) return {};
  return to_kernel(reuse[i].weight, groups).weight;
}

/// Gradients of the factors' kernels, from the last composition back.
std::vector<at::Tensor> pull_back_weight(const Plan& plan, const Folded& folded,
                                         const at::Tensor& grad,
                                         const std::vector<Affine>& reuse) {
  const auto factors = plan.factors.size();
  const auto groups = plan.layer.groups;
  const auto order = cheapest_order(plan);
  const auto node = [&](std::size_t i) -> Kernel {
    return {folded.kernels[i], i < factors ? plan.factors[i].kernel_size
                                           : order[i - factors].sides};
  };
  std::vector<at::Tensor> grads(folded.kernels.size());
  grads.back() = grad;
  for (auto i = order.size(); i-- > 0;) {
    const auto& step = order[i];
    std::tie(grads[step.outer], grads[step.inner]) =
        compose_backward(node(step.outer), node(step.inner), grads[factors + i],
                         {as_kernel(reuse, step.outer, groups),
                          as_kernel(reuse, step.inner, groups)});
    grads[factors + i].reset();
  }
  grads.resize(factors);
  return grads;
}

/// Adds the outer product of a bias's gradient [g, out] and the bias below it
/// [g, in] to every tap of a kernel's gradient [g, out, taps, in], in place.
void add_outer(at::Tensor& kernel, const at::Tensor& bias,
               const at::Tensor& below) {
  if (kernel.size(0) == 1 && kernel.size(2) == 1) {
    kernel.view({kernel.size(1), kernel.size(3)})
        .addr_(bias.squeeze(0), below.squeeze(0));
  } else {
    kernel.add_((bias.unsqueeze(2) * below.unsqueeze(1)).unsqueeze(2));
  }
}

std::vector<Affine> pull_back_reusing(const Plan& plan, const Folded& folded,
                                      const Affine& grad,
                                      const std::vector<Affine>& reuse) {
  check_gradient(plan.layer, grad);
  std::vector<Affine> grads(plan.factors.size());
  if (!grad.weight.defined() && !grad.bias.defined()) return grads;

  const FullPrecisionGuard full_precision;
  const auto groups = plan.layer.groups;
  const auto& whole = folded.kernels.back();
  at::Tensor weight;
  if (grad.weight.defined()) {
    weight = grad.weight.to(whole.scalar_type());
    if (plan.layer.transposed) weight = swap_channels(weight, groups);
    weight = to_kernel(weight, groups).weight;
  } else {
    weight = at::zeros_like(whole);
  }
  auto kernels = pull_back_weight(plan, folded, weight, reuse);

  at::Tensor bias;  // gradient of the running bias, [g, out]
  if (grad.bias.defined()) {
    bias = grad.bias.to(whole.scalar_type()).unflatten(0, {groups, -1});
  }
  for (auto i = plan.factors.size(); i-- > 0;) {
    if (bias.defined()) {
      if (plan.factors[i].bias) {
        grads[i].bias = bias.flatten();
        if (!reuse.empty() && reuse[i].bias.defined()) {
          grads[i].bias = reuse[i].bias.copy_(grads[i].bias);
        }
      }
      if (folded.sums[i].defined()) {
        add_outer(kernels[i], bias, folded.biases[i - 1]);
        bias = apply_transposed(folded.sums[i], bias);
      } else {
        bias.reset();
      }
    }
    grads[i].weight = from_kernel({kernels[i], plan.factors[i].kernel_size});
  }
  return grads;
}

}  // namespace

std::vector<Affine> pull_back(const Plan& plan, const Folded& folded,
                              const Affine& grad) {
  return pull_back_reusing(plan, folded, grad, {});
}

void pull_back_again(const Plan& plan, const Folded& folded, const Affine& grad,
                     std::vector<Affine>& grads) {
  const at::NoGradGuard no_grad;
  grads = pull_back_reusing(plan, folded, grad, grads);
}

}  // namespace expandnet
