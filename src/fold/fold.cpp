#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <expandnet/fold/fold.h>

#include "fold/compose.h"
#include "fold/place.h"
#include "fold/precision.h"
#include "fold/sides.h"
#include "fold/site_message.h"

namespace expandnet {

namespace {

std::string ordinal(std::size_t i, const char* part) {
  return "factor " + std::to_string(i) + "'s " + part;
}

/// A factor as a kernel, in the dtype of the fold.
Kernel kernel_of(const FactorShape& shape, const Affine& factor,
                 at::ScalarType dtype) {
  Kernel kernel{
      to_kernel(factor.weight.to(dtype), shape.groups), {}, shape.kernel_size};
  if (shape.adds_identity) {
    const auto width = shape.out_channels / shape.groups;
    kernel.weight =
        kernel.weight + at::eye(width, kernel.weight.options()).unsqueeze(1);
  }
  if (factor.bias.defined()) {
    kernel.bias = factor.bias.to(dtype).unflatten(0, {shape.groups, -1});
  }
  return kernel;
}

/// The branches' folds, each at its place.
Kernel sum_of(const Plan& plan, const std::vector<Kernel>& nodes) {
  const auto& layer = plan.layer;
  const auto groups = layer.groups;
  const auto& options = nodes.front().weight.options();
  Kernel sum{at::zeros({groups, layer.out_channels / groups,
                        taps_of(layer.kernel_size), layer.in_channels / groups},
                       options),
             {},
             layer.kernel_size};
  for (const auto& branch : plan.branches) {
    const auto& [weight, bias, sides] = nodes[branch.root];
    place_of(sum.weight, layer.kernel_size, sides, weight.size(0))
        .add_(to_place(weight, sides, groups));
    if (!bias.defined()) continue;
    const auto own = bias.reshape({groups, -1});
    sum.bias = sum.bias.defined() ? sum.bias + own : own;
  }
  return sum;
}

}  // namespace

void check_factors(const Plan& plan, const std::vector<Affine>& factors,
                   const Site& site) {
  TORCH_CHECK(
      factors.size() == plan.factors.size(),
      error_message(site,
                    "the chain " + plan.widths() + " has " +
                        std::to_string(plan.factors.size()) + " factors",
                    std::to_string(factors.size())));
  TORCH_CHECK(
      plan.order.size() + plan.branches.size() == plan.factors.size(),
      error_message(site, "a plan must say in which order it is folded",
                    std::to_string(plan.order.size()) + " compositions of " +
                        std::to_string(plan.factors.size()) + " factors",
                    "set its order to cheapest_order(factors)"));
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const auto& [weight, bias] = factors[i];
    const auto& reference = factors[0].weight;
    const auto shape = plan.weight_sizes(i);
    TORCH_CHECK(
        weight.defined() && weight.sizes() == shape,
        error_message(site, ordinal(i, "weight") + " must be " + sizes(shape),
                      weight.defined() ? sizes(weight.sizes()) : "none",
                      "restore its shape"));
    TORCH_CHECK(
        bias.defined() == plan.factors[i].bias,
        error_message(site,
                      ordinal(i, "bias") + " must be " +
                          (plan.factors[i].bias ? "defined" : "undefined"),
                      bias.defined() ? sizes(bias.sizes()) : "none"));
    TORCH_CHECK(
        !bias.defined() ||
            (bias.dim() == 1 && bias.size(0) == plan.factors[i].out_channels),
        error_message(site,
                      ordinal(i, "bias") + " must be " +
                          sizes({plan.factors[i].out_channels}),
                      sizes(bias.sizes()), "restore its shape"));
    for (const auto* tensor : {&weight, &bias}) {
      if (!tensor->defined()) continue;
      const auto* part = tensor == &weight ? "weight" : "bias";
      TORCH_CHECK(
          at::isFloatingType(tensor->scalar_type()),
          error_message(site, ordinal(i, part) + " must be floating point",
                        c10::toString(tensor->scalar_type()),
                        "use float or double"));
      TORCH_CHECK(
          tensor->scalar_type() == reference.scalar_type(),
          error_message(site,
                        ordinal(i, part) + " must have factor 0's dtype (" +
                            c10::toString(reference.scalar_type()) + ")",
                        c10::toString(tensor->scalar_type()),
                        "convert the whole chain"));
      TORCH_CHECK(
          tensor->device() == reference.device(),
          error_message(site,
                        ordinal(i, part) + " must be on factor 0's device (" +
                            reference.device().str() + ")",
                        tensor->device().str(), "move the whole chain"));
    }
  }
}

Folded fold(const Plan& plan, const std::vector<Affine>& factors) {
  check_factors(plan, factors);
  const FullPrecisionGuard full_precision;
  const auto dtype = master_dtype(factors.front().weight.scalar_type());

  std::vector<Kernel> nodes;
  nodes.reserve(factors.size() + plan.order.size() + 1);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    nodes.push_back(kernel_of(plan.factors[i], factors[i], dtype));
  }
  for (const auto& step : plan.order) {
    nodes.push_back(compose(nodes[step.outer], nodes[step.inner]));
  }
  if (!plan.is_single_chain()) nodes.push_back(sum_of(plan, nodes));

  Folded folded;
  const auto& whole = nodes.back();
  folded.weight = from_kernel(whole.weight, whole.sides);
  if (plan.layer.transposed) {
    folded.weight = swap_channels(folded.weight, plan.layer.groups);
  }
  if (whole.bias.defined()) folded.bias = whole.bias.flatten();
  folded.kernels.reserve(nodes.size());
  folded.biases.reserve(nodes.size());
  for (const auto& node : nodes) {
    folded.kernels.push_back(node.weight);
    folded.biases.push_back(node.bias);
  }
  return folded;
}

}  // namespace expandnet
