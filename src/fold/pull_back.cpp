#include <ATen/ops/zeros_like.h>
#include <c10/util/Exception.h>
#include <expandnet/fold/pull_back.h>

#include "fold/compose.h"
#include "fold/place.h"
#include "fold/precision.h"
#include "fold/site_message.h"

namespace expandnet {

namespace {

void check_gradient(const CompactLayer& layer, const Affine& grad) {
  const Site site{"pull_back", ""};
  TORCH_CHECK(
      !grad.weight.defined() || grad.weight.sizes() == layer.weight_sizes(),
      error_message(
          site, "the weight's gradient must be " + sizes(layer.weight_sizes()),
          sizes(grad.weight.sizes())));
  TORCH_CHECK(
      !grad.bias.defined() ||
          (grad.bias.dim() == 1 && grad.bias.size(0) == layer.out_channels),
      error_message(
          site, "the bias's gradient must be " + sizes({layer.out_channels}),
          sizes(grad.bias.sizes())));
}

/// The gradient of the compact layer as a kernel's.
Kernel compact_gradient(const Plan& plan, const Folded& folded,
                        const Affine& grad) {
  const auto& whole = folded.kernels.back();
  Kernel kernel;
  if (grad.weight.defined()) {
    auto weight = grad.weight.to(whole.scalar_type());
    if (plan.layer.transposed) {
      weight = swap_channels(weight, plan.layer.groups);
    }
    kernel.weight = to_kernel(weight, plan.layer.groups);
  } else {
    kernel.weight = at::zeros_like(whole);
  }
  if (grad.bias.defined()) {
    kernel.bias =
        grad.bias.to(whole.scalar_type()).unflatten(0, {plan.layer.groups, -1});
  }
  return kernel;
}

/// Whether each node holds anything that is trained.
std::vector<bool> trained_nodes(const Plan& plan) {
  std::vector<bool> trained;
  for (const auto& factor : plan.factors) trained.push_back(!factor.fixed);
  for (const auto& step : plan.order) {
    trained.push_back(trained[step.outer] || trained[step.inner]);
  }
  return trained;
}

/// Gives every branch what its kernel covers of the sum's gradient.
void spread_to_branches(const Plan& plan, const Folded& folded,
                        const Kernel& sum, std::vector<Kernel>& nodes) {
  for (const auto& branch : plan.branches) {
    const auto groups = folded.kernels[branch.root].size(0);
    auto& root = nodes[branch.root];
    root.weight = from_place(place_of(sum.weight, plan.layer.kernel_size,
                                      branch.kernel_size, groups),
                             groups);
    const auto& bias = folded.biases[branch.root];
    if (!sum.bias.defined() || !bias.defined()) continue;
    root.bias = sum.bias.reshape(bias.sizes());
  }
}

}  // namespace

std::vector<Affine> pull_back(const Plan& plan, const Folded& folded,
                              const Affine& grad) {
  check_gradient(plan.layer, grad);
  const auto factors = plan.factors.size();
  std::vector<Affine> grads(factors);
  if (!grad.weight.defined() && !grad.bias.defined()) return grads;

  const FullPrecisionGuard full_precision;
  const auto& order = plan.order;
  const auto node = [&](std::size_t i) -> Kernel {
    return {
        folded.kernels[i], folded.biases[i],
        i < factors ? plan.factors[i].kernel_size : order[i - factors].sides};
  };
  // Gradients of every node, from the sum over the last compositions back to
  // the factors.
  const auto trained = trained_nodes(plan);
  std::vector<Kernel> nodes(factors + order.size());
  const auto whole = compact_gradient(plan, folded, grad);
  if (plan.is_single_chain()) {
    nodes.back() = whole;
  } else {
    spread_to_branches(plan, folded, whole, nodes);
  }
  for (auto i = order.size(); i-- > 0;) {
    if (!trained[factors + i]) continue;
    const auto& [outer, inner, sides] = order[i];
    auto parts = compose_backward(node(outer), node(inner), nodes[factors + i],
                                  {trained[outer], trained[inner]});
    nodes[factors + i] = {};
    nodes[outer] = std::move(parts.outer);
    nodes[inner] = std::move(parts.inner);
  }
  for (std::size_t i = 0; i < factors; ++i) {
    if (!trained[i]) continue;
    auto& weight = nodes[i].weight;
    // That of a branch of one factor, likewise.
    if (weight.is_alias_of(whole.weight)) {
      weight = weight.clone(at::MemoryFormat::Contiguous);
    }
    grads[i].weight = from_kernel(weight, plan.factors[i].kernel_size);
    if (!nodes[i].bias.defined()) continue;
    auto bias = nodes[i].bias.flatten();
    // That of a branch's last factor: gradients share no memory.
    if (bias.is_alias_of(whole.bias)) bias = bias.clone();
    grads[i].bias = std::move(bias);
  }
  return grads;
}

}  // namespace expandnet
