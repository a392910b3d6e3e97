#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/mv.h>
#include <c10/util/Exception.h>
#include <expandnet/fold/fold.h>

#include "fold/complaint.h"
#include "fold/compose.h"
#include "fold/precision.h"

namespace expandnet {

namespace {

/// [g, out, m] applied to [g, m].
at::Tensor apply(const at::Tensor& matrix, const at::Tensor& vector) {
  if (matrix.size(0) == 1) {
    return matrix.squeeze(0).mv(vector.squeeze(0)).unsqueeze(0);
  }
  return matrix.bmm(vector.unsqueeze(2)).squeeze(2);
}

/// A kernel summed over its taps.
at::Tensor sum_taps(const at::Tensor& kernel) {
  return kernel.size(2) == 1 ? kernel.squeeze(2) : kernel.sum(2);
}

/// `value`, in the memory of `reuse` if that is defined.
at::Tensor settle(const at::Tensor& value, const at::Tensor& reuse) {
  return value.defined() && reuse.defined() && !value.is_alias_of(reuse)
             ? reuse.copy_(value)
             : value;
}

void fold_bias(const Plan& plan, const std::vector<Affine>& factors,
               const Folded& reuse, Folded& folded) {
  at::Tensor bias;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    at::Tensor sum;
    if (bias.defined()) {
      sum = sum_taps(folded.kernels[i]);
      bias = apply(sum, bias);
    }
    if (factors[i].bias.defined()) {
      const auto own = factors[i]
                           .bias.to(folded.kernels[i].dtype())
                           .unflatten(0, {plan.layer.groups, -1});
      bias = bias.defined() ? bias + own : own;
    }
    if (!reuse.sums.empty()) {
      sum = settle(sum, reuse.sums[i]);
      bias = settle(bias, reuse.biases[i]);
    }
    folded.sums.push_back(sum);
    folded.biases.push_back(bias);
  }
  if (bias.defined()) folded.bias = bias.flatten();
}

Folded fold_reusing(const Plan& plan, const std::vector<Affine>& factors,
                    const Folded& reuse) {
  check_factors(plan, factors);
  const FullPrecisionGuard full_precision;
  const auto dtype = master_dtype(factors.front().weight.scalar_type());
  const auto groups = plan.layer.groups;

  Folded folded;
  std::vector<Kernel> nodes;
  nodes.reserve(2 * factors.size() - 1);
  for (const auto& factor : factors) {
    nodes.push_back(to_kernel(factor.weight.to(dtype), groups));
  }
  for (const auto& step : cheapest_order(plan)) {
    const auto into =
        reuse.kernels.empty() ? at::Tensor() : reuse.kernels[nodes.size()];
    nodes.push_back(compose(nodes[step.outer], nodes[step.inner], into));
  }
  folded.kernels.reserve(nodes.size());
  for (const auto& node : nodes) folded.kernels.push_back(node.weight);

  const auto weight = from_kernel(nodes.back());
  folded.weight =
      plan.layer.transposed ? swap_channels(weight, groups) : weight;
  fold_bias(plan, factors, reuse, folded);
  return folded;
}

std::string ordinal(std::size_t i, const char* part) {
  return "factor " + std::to_string(i) + "'s " + part;
}

}  // namespace

void check_factors(const Plan& plan, const std::vector<Affine>& factors,
                   const Site& site) {
  TORCH_CHECK(factors.size() == plan.factors.size(),
              complaint(site,
                        "the chain " + plan.widths() + " has " +
                            std::to_string(plan.factors.size()) + " factors",
                        std::to_string(factors.size())));
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const auto& [weight, bias] = factors[i];
    const auto& reference = factors[0].weight;
    const auto shape = plan.weight_sizes(i);
    TORCH_CHECK(
        weight.defined() && weight.sizes() == shape,
        complaint(site, ordinal(i, "weight") + " must be " + sizes(shape),
                  weight.defined() ? sizes(weight.sizes()) : "none",
                  "restore its shape"));
    TORCH_CHECK(bias.defined() == plan.factors[i].bias,
                complaint(site,
                          ordinal(i, "bias") + " must be " +
                              (plan.factors[i].bias ? "defined" : "undefined"),
                          bias.defined() ? sizes(bias.sizes()) : "none"));
    TORCH_CHECK(
        !bias.defined() ||
            (bias.dim() == 1 && bias.size(0) == plan.factors[i].out_channels),
        complaint(site,
                  ordinal(i, "bias") + " must be " +
                      sizes({plan.factors[i].out_channels}),
                  sizes(bias.sizes()), "restore its shape"));
    for (const auto* tensor : {&weight, &bias}) {
      if (!tensor->defined()) continue;
      const auto* part = tensor == &weight ? "weight" : "bias";
      TORCH_CHECK(at::isFloatingType(tensor->scalar_type()),
                  complaint(site, ordinal(i, part) + " must be floating point",
                            c10::toString(tensor->scalar_type()),
                            "use float or double"));
      TORCH_CHECK(tensor->scalar_type() == reference.scalar_type(),
                  complaint(site,
                            ordinal(i, part) + " must have factor 0's dtype (" +
                                c10::toString(reference.scalar_type()) + ")",
                            c10::toString(tensor->scalar_type()),
                            "convert the whole chain"));
      TORCH_CHECK(
          tensor->device() == reference.device(),
          complaint(site,
                    ordinal(i, part) + " must be on factor 0's device (" +
                        reference.device().str() + ")",
                    tensor->device().str(), "move the whole chain"));
    }
  }
}

Folded fold(const Plan& plan, const std::vector<Affine>& factors) {
  return fold_reusing(plan, factors, {});
}

void fold_again(const Plan& plan, const std::vector<Affine>& factors,
                Folded& folded) {
  const at::NoGradGuard no_grad;
  folded = fold_reusing(plan, factors, folded);
}

}  // namespace expandnet
