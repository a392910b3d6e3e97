#include "deploy/chain_shapes.h"

#include <c10/util/Exception.h>

#include <algorithm>

namespace expandnet {

namespace {

/// The one number of groups for which each factor takes what the one before it
/// gives; nothing if there is none.
std::optional<std::int64_t> groups_of(
    const std::vector<FactorInFile>& factors) {
  std::optional<std::int64_t> groups;
  for (std::size_t i = 1; i < factors.size(); ++i) {
    const auto out = factors[i - 1].weight[0];
    const auto in_per_group = factors[i].weight[1];
    if (in_per_group == 0 || out % in_per_group != 0) return std::nullopt;
    const auto of_factor = out / in_per_group;
    if (groups.value_or(of_factor) != of_factor) return std::nullopt;
    groups = of_factor;
  }
  return groups;
}

Shape kernel_of(const Shape& weight) {
  return {weight.begin() + 2, weight.end()};
}

bool is_pointwise(const Shape& weight) {
  return std::all_of(weight.begin() + 2, weight.end(),
                     [](std::int64_t side) { return side == 1; });
}

CompactLayer layer_of(const std::vector<FactorInFile>& factors,
                      std::int64_t groups, bool transposed) {
  CompactLayer layer;
  layer.groups = groups;
  layer.in_channels = factors.front().weight[1] * groups;
  layer.out_channels = factors.back().weight[0];
  layer.transposed = transposed;
  const auto dims = factors.front().weight.size() - 2;
  layer.kernel_size.assign(dims, 1);
  layer.stride = layer.dilation = layer.kernel_size;
  layer.padding_before = layer.padding_after = layer.output_padding =
      Shape(dims, 0);
  layer.bias = false;
  for (const auto& factor : factors) {
    const auto kernel = kernel_of(factor.weight);
    for (std::size_t d = 0; d < dims; ++d)
      layer.kernel_size[d] += kernel[d] - 1;
    layer.bias = layer.bias || factor.bias;
  }
  return layer;
}

Strategy strategy_of(const std::vector<FactorInFile>& factors) {
  if (factors.front().weight.size() == 2) return Strategy::kFC;
  const bool is_cl = factors.size() == 3 &&
                     is_pointwise(factors.front().weight) &&
                     is_pointwise(factors.back().weight);
  return is_cl ? Strategy::kCL : Strategy::kCK;
}

bool has_shapes(const Plan& plan, const std::vector<FactorInFile>& factors) {
  if (plan.factors.size() != factors.size()) return false;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    if (plan.weight_sizes(i) != factors[i].weight) return false;
  }
  return true;
}

bool has_widths_of(const Plan& plan, const ExpansionOptions& options) {
  const auto other = expandnet::plan(plan.layer, options);
  return std::equal(plan.factors.begin(), plan.factors.end(),
                    other.factors.begin(), other.factors.end(),
                    [](const auto& left, const auto& right) {
                      return left.out_channels == right.out_channels;
                    });
}

}  // namespace

std::vector<FactorInFile> shapes_of(const std::vector<Affine>& factors) {
  std::vector<FactorInFile> shapes;
  shapes.reserve(factors.size());
  for (const auto& [weight, bias] : factors) {
    shapes.push_back({weight.sizes().vec(), bias.defined()});
  }
  return shapes;
}

std::optional<Plan> plan_of_shapes(const std::vector<FactorInFile>& factors,
                                   bool transposed) {
  if (factors.size() < 2) return std::nullopt;
  const auto rank = factors.front().weight.size();
  if (rank < 2 || rank > 5) return std::nullopt;
  for (const auto& factor : factors) {
    const bool positive =
        std::all_of(factor.weight.begin(), factor.weight.end(),
                    [](std::int64_t size) { return size > 0; });
    if (factor.weight.size() != rank || !positive) return std::nullopt;
  }
  const auto groups = groups_of(factors);
  if (!groups) return std::nullopt;
  const auto layer = layer_of(factors, *groups, transposed);
  const auto divides = [&](std::int64_t width) { return width % *groups == 0; };
  Shape widths;
  for (const auto& factor : factors) widths.push_back(factor.weight[0]);
  if (!std::all_of(widths.begin(), widths.end(), divides)) return std::nullopt;
  widths.pop_back();

  const auto strategy = strategy_of(factors);
  const auto longest = layer.kernel_size.empty()
                           ? 1
                           : *std::max_element(layer.kernel_size.begin(),
                                               layer.kernel_size.end());
  if (strategy == Strategy::kCK &&
      (longest <= 3 ||
       static_cast<std::size_t>(longest / 2) != factors.size())) {
    return std::nullopt;
  }
  auto plan = expandnet::plan(layer, ExpansionOptions(strategy).widths(widths));
  if (!has_shapes(plan, factors)) return std::nullopt;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    plan.factors[i].bias = factors[i].bias;
  }
  return plan;
}

bool is_expanded_by_a_rate(const Plan& plan) {
  const auto& layer = plan.layer;
  const auto& factors = plan.factors;
  const auto options = ExpansionOptions(plan.strategy)
                           .depth(static_cast<std::int64_t>(factors.size()));
  const auto ratio = [](std::int64_t width, std::int64_t channels) {
    return static_cast<double>(width) / static_cast<double>(channels);
  };
  const auto first = ratio(factors.front().out_channels, layer.in_channels);
  const auto last =
      ratio(factors[factors.size() - 2].out_channels, layer.out_channels);
  if (first > 1 && has_widths_of(plan, ExpansionOptions(options).rate(first))) {
    return true;
  }
  if (factors.size() < 3 || first != 1 || last <= 1) return false;
  Shape widths(factors.size() - 1, factors[factors.size() - 2].out_channels);
  widths.front() = layer.in_channels;
  return has_widths_of(plan, ExpansionOptions(options).widths(widths));
}

}  // namespace expandnet
