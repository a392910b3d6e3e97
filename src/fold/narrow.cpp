#include <ATen/core/grad_mode.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_qr.h>
#include <c10/util/Exception.h>
#include <expandnet/fold/narrow.h>

#include <algorithm>

#include "fold/memory.h"
#include "fold/precision.h"
#include "fold/site_message.h"

namespace expandnet {

namespace {

/// Whether the interior behind factor `i` is one: both sides are trained, and
/// have the layer's groups and no identity beside them.
bool may_narrow(const Plan& plan, std::size_t i) {
  const auto is_free = [&](const FactorShape& factor) {
    return factor.groups == plan.layer.groups && !factor.fixed &&
           !factor.adds_identity;
  };
  return is_free(plan.factors[i]) && is_free(plan.factors[i + 1]);
}

/// Calls `interior(i)` for every factor `i` that has one behind it.
template <typename Interior>
void for_each_interior(const Plan& plan, const Interior& interior) {
  for (const auto& branch : plan.branches) {
    for (std::size_t i = 0; i + 1 < branch.count; ++i) {
      interior(branch.first + i);
    }
  }
}

at::TensorOptions exact() {
  return at::TensorOptions(at::kDouble).device(at::kCPU);
}

/// [g h, a, *k] as [g, h, (a k)].
at::Tensor by_outputs(const at::Tensor& weight, std::int64_t groups) {
  return weight.unflatten(0, {groups, weight.size(0) / groups}).flatten(2);
}

/// [g o, h, *k] as [g, h, (o k)].
at::Tensor by_inputs(const at::Tensor& weight, std::int64_t groups) {
  return weight.unflatten(0, {groups, weight.size(0) / groups})
      .transpose(1, 2)
      .flatten(2);
}

/// map^T applied to the outputs of a factor; map [g, h, h'].
Affine map_outputs(const Affine& factor, const at::Tensor& map) {
  const auto groups = map.size(0);
  const auto& weight = factor.weight;
  auto sizes = weight.sizes().vec();
  sizes[0] = groups * map.size(2);
  const auto matrix = map.transpose(1, 2);
  Affine mapped;
  mapped.weight = at::bmm(matrix, by_outputs(weight, groups)).reshape(sizes);
  if (factor.bias.defined()) {
    mapped.bias = at::bmm(matrix, factor.bias.view({groups, -1, 1})).flatten();
  }
  return mapped;
}

/// The same of the inputs of the factor behind it.
at::Tensor map_inputs(const at::Tensor& weight, const at::Tensor& map) {
  const auto groups = map.size(0);
  auto sizes = weight.sizes().vec();
  const auto out = sizes[0] / groups;
  sizes[1] = map.size(2);
  return at::bmm(map.transpose(1, 2), by_inputs(weight, groups))
      .view({groups, map.size(2), out, -1})
      .transpose(1, 2)
      .reshape(sizes);
}

/// Gives the interior behind factor `i` the width that `map` maps to.
void map_interior(std::vector<Affine>& factors, std::size_t i,
                  const at::Tensor& map) {
  factors[i] = map_outputs(factors[i], map);
  factors[i + 1].weight = map_inputs(factors[i + 1].weight, map);
}

/// Orthonormal columns whose span holds all that the factors around the
/// interior behind factor `i` read and write of it. As many as the columns
/// below, whatever their rank: Householder's Q spans them in any case.
at::Tensor basis_of(const std::vector<Affine>& factors, std::size_t i,
                    std::int64_t groups) {
  std::vector<at::Tensor> columns = {by_outputs(factors[i].weight, groups)};
  if (factors[i].bias.defined()) {
    columns.push_back(factors[i].bias.view({groups, -1, 1}));
  }
  columns.push_back(by_inputs(factors[i + 1].weight, groups));
  return std::get<0>(at::linalg_qr(at::cat(columns, 2)));
}

std::vector<Affine> to_exact(const std::vector<Affine>& factors) {
  std::vector<Affine> result;
  result.reserve(factors.size());
  for (const auto& [weight, bias] : factors) {
    result.push_back({weight.detach().to(exact()),
                      bias.defined() ? bias.detach().to(exact()) : bias});
  }
  return result;
}

/// As `like` are: their dtype and device, in the library's memory order.
std::vector<Affine> as(const std::vector<Affine>& factors,
                       const std::vector<Affine>& like) {
  std::vector<Affine> result;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const auto& [weight, bias] = factors[i];
    const auto options = like[i].weight.options();
    result.push_back({empty_weight(weight.sizes(), options).copy_(weight),
                      bias.defined() ? bias.to(options) : bias});
  }
  return result;
}

void set_width(Plan& plan, std::size_t interior, std::int64_t width) {
  plan.factors[interior].out_channels = width;
  plan.factors[interior + 1].in_channels = width;
}

}  // namespace

Plan narrow(const Plan& plan) {
  auto result = plan;
  const auto groups = plan.layer.groups;
  for_each_interior(plan, [&](std::size_t i) {
    if (!may_narrow(plan, i)) return;
    const auto& inner = result.factors[i];
    const auto& outer = result.factors[i + 1];
    const auto kept = inner.in_channels / groups * inner.taps() +
                      (inner.bias ? 1 : 0) +
                      outer.out_channels / groups * outer.taps();
    if (kept * groups < inner.out_channels) {
      set_width(result, i, kept * groups);
    }
  });
  set_order(result);
  return result;
}

Narrowed narrow(const Plan& plan, const std::vector<Affine>& factors) {
  check_factors(plan, factors, {"narrow", ""});
  const at::NoGradGuard no_grad;
  const FullPrecisionGuard full_precision;
  Narrowed result{narrow(plan), to_exact(factors), {}};
  for_each_interior(plan, [&](std::size_t i) {
    at::Tensor basis;
    if (result.plan.factors[i].out_channels < plan.factors[i].out_channels) {
      basis = basis_of(result.factors, i, plan.layer.groups);
      map_interior(result.factors, i, basis);
    }
    result.bases.push_back(basis);
  });
  result.factors = as(result.factors, factors);
  return result;
}

std::vector<Affine> widen(const Plan& plan, const std::vector<Affine>& factors,
                          const std::vector<at::Tensor>& bases) {
  const Site site{"widen", ""};
  const auto narrowed = narrow(plan);
  check_factors(narrowed, factors, site);
  const auto interiors = factors.size() - plan.branches.size();
  TORCH_CHECK(
      bases.empty() || bases.size() == interiors,
      error_message(
          site, "there must be a basis for each interior, or none",
          std::to_string(bases.size()) + " for " + std::to_string(interiors)));
  const at::NoGradGuard no_grad;
  const FullPrecisionGuard full_precision;
  const auto groups = plan.layer.groups;
  auto wide = to_exact(factors);
  std::size_t next = 0;
  for_each_interior(plan, [&](std::size_t i) {
    const auto interior = next++;
    const auto width = plan.factors[i].out_channels / groups;
    const auto kept = narrowed.factors[i].out_channels / groups;
    const std::vector<std::int64_t> shape = {groups, width, kept};
    const auto given = bases.empty() ? at::Tensor() : bases[interior];
    TORCH_CHECK(
        !given.defined() || given.sizes() == shape,
        error_message(site,
                      "the basis of interior " + std::to_string(interior) +
                          " must be " + sizes(shape),
                      given.defined() ? sizes(given.sizes()) : "none"));
    if (kept == width) return;
    const auto basis = given.defined()
                           ? given.to(exact())
                           : at::eye(width, kept, exact()).expand(shape);
    map_interior(wide, i, basis.transpose(1, 2));
  });
  return as(wide, factors);
}

}  // namespace expandnet
