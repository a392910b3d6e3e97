#include "deploy/foreign/branches.h"

#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <c10/util/Exception.h>
#include <expandnet/passes/fuse_batch_norm.h>

#include <algorithm>
#include <string>
#include <utility>

#include "fold/given_branches.h"
#include "fold/sides.h"
#include "fold/site_message.h"

namespace expandnet {

namespace {

Sides sides_of(const BlockBranch& branch) {
  Sides whole = {1, 1};
  for (const auto& factor : branch) {
    whole = composed_sides(factor.shape.kernel_size, whole);
  }
  return whole;
}

/// A plan with the groups and the kernel of the sum, and no branches yet.
Plan plan_of_layer(const BlockSum& sum) {
  auto groups = sum.front().front().shape.groups;
  Sides kernel = {1, 1};
  for (const auto& branch : sum) {
    for (const auto& factor : branch) {
      groups = std::min(groups, factor.shape.groups);
    }
    const auto own = sides_of(branch);
    for (std::size_t d = 0; d < kernel.size(); ++d) {
      kernel[d] = std::max(kernel[d], own[d]);
    }
  }
  auto plan = plan_without_branches(groups, kernel);
  for (std::size_t d = 0; d < kernel.size(); ++d) {
    plan.layer.padding_before[d] = (kernel[d] - 1) / 2;
    plan.layer.padding_after[d] = kernel[d] / 2;
  }
  return plan;
}

}  // namespace

BlockFactor kernel_factor(at::Tensor weight, at::Tensor bias,
                          std::int64_t groups) {
  BlockFactor factor;
  factor.shape.groups = groups;
  factor.shape.out_channels = weight.size(0);
  factor.shape.in_channels = weight.size(1) * groups;
  factor.shape.kernel_size = {weight.size(2), weight.size(3)};
  factor.shape.stride = {1, 1};
  factor.shape.bias = bias.defined();
  factor.values = {std::move(weight), std::move(bias)};
  return factor;
}

BlockFactor fixed_factor(at::Tensor weight, std::int64_t groups) {
  auto factor = kernel_factor(std::move(weight), {}, groups);
  factor.shape.fixed = true;
  return factor;
}

BlockFactor scale_factor(const at::Tensor& scales) {
  return kernel_factor(scales.reshape({-1, 1, 1, 1}), {}, scales.size(0));
}

BlockFactor norm_factor(const FixedBatchNorm& norm) {
  const auto one = identity_factor(norm.mean.size(0));
  CompactLayer layer;
  layer.in_channels = layer.out_channels = layer.groups = one.shape.groups;
  layer.kernel_size = one.shape.kernel_size;
  auto [weight, bias] = fuse_batch_norm(layer, one.values, norm);
  return kernel_factor(std::move(weight), std::move(bias), layer.groups);
}

BlockFactor average_factor(std::int64_t channels, std::int64_t side) {
  const auto share = 1.0 / static_cast<double>(side * side);
  return fixed_factor(at::full({channels, 1, side, side}, share, at::kDouble),
                      channels);
}

BlockFactor identity_factor(std::int64_t channels) {
  return fixed_factor(at::ones({channels, 1, 1, 1}, at::kDouble), channels);
}

BlockSum followed_by(BlockSum sum, const BlockFactor& factor) {
  auto next = factor;
  for (auto& branch : sum) {
    branch.push_back(next);
    next.shape.bias = false;
    next.values.bias = at::Tensor();
  }
  return sum;
}

PlannedBlock planned(const BlockSum& sum, const Site& site) {
  PlannedBlock block{plan_of_layer(sum), {}};
  for (const auto& branch : sum) {
    std::vector<FactorShape> chain;
    for (const auto& [shape, values] : branch) {
      chain.push_back(shape);
      block.factors.push_back(values);
    }
    const auto misfit = add_given_branch(block.plan, chain);
    TORCH_CHECK(misfit.empty(),
                error_message(site, "the layers of a block must fit", misfit,
                              "the file may be damaged"));
  }
  set_order(block.plan);
  return block;
}

}  // namespace expandnet
