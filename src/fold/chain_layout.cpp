#include "fold/chain_layout.h"

#include <ATen/ops/tensor.h>

#include <algorithm>

#include "fold/given_branches.h"
#include "fold/sides.h"

namespace expandnet {

namespace {

constexpr std::int64_t kColumns = 3;  ///< of a layout's factors

/// What a layout says, as numbers.
struct LayoutNumbers {
  Sides branches;
  std::vector<Sides> factors;
  Sides layer;
};

std::optional<Sides> numbers_of(const at::Tensor& tensor) {
  if (!tensor.defined() || tensor.dim() != 1 || tensor.numel() == 0 ||
      !at::isIntegralType(tensor.scalar_type(), /*includeBool=*/false)) {
    return std::nullopt;
  }
  const auto values = tensor.to(at::kCPU).to(at::kLong).contiguous();
  const auto* data = values.const_data_ptr<std::int64_t>();
  return Sides(data, data + values.numel());
}

std::optional<LayoutNumbers> read(const ChainLayout& layout) {
  const auto branches = numbers_of(layout.branches);
  const auto layer = numbers_of(layout.layer);
  if (!branches || !layer || !layout.factors.defined() ||
      layout.factors.dim() != 2 || layout.factors.size(1) != kColumns) {
    return std::nullopt;
  }
  LayoutNumbers numbers{*branches, {}, *layer};
  for (std::int64_t i = 0; i < layout.factors.size(0); ++i) {
    const auto row = numbers_of(layout.factors.select(0, i));
    if (!row) return std::nullopt;
    numbers.factors.push_back(*row);
  }
  return numbers;
}

bool all_positive(const Sides& numbers) {
  return std::all_of(numbers.begin(), numbers.end(),
                     [](std::int64_t number) { return number > 0; });
}

/// Nothing for a shape that no such factor has.
std::optional<FactorShape> laid_out_factor(const Sides& row,
                                           const LaidOutFactor& in_file,
                                           std::size_t dims) {
  const auto& weight = in_file.weight;
  if (weight.size() != dims + 2 || !all_positive(weight) || row[0] <= 0 ||
      weight[0] % row[0] != 0) {
    return std::nullopt;
  }
  FactorShape factor;
  factor.groups = row[0];
  factor.fixed = row[1] != 0;
  factor.adds_identity = row[2] != 0;
  factor.out_channels = weight[0];
  factor.in_channels = weight[1] * factor.groups;
  factor.kernel_size.assign(weight.begin() + 2, weight.end());
  factor.stride.assign(dims, 1);
  factor.bias = in_file.bias;
  const bool may_add =
      factor.in_channels == factor.out_channels && factor.taps() == 1;
  if (factor.adds_identity && !may_add) return std::nullopt;
  return factor;
}

/// A layout may name a kernel larger than all of its branches. Its fold must
/// not take much more memory than the factors that are there: no more than so
/// many times their numbers, and some for small ones.
bool is_in_proportion(const Plan& plan) {
  constexpr double kMostTimes = 1024;
  constexpr double kMostBeyond = 1 << 24;
  double fold = static_cast<double>(plan.layer.out_channels) *
                static_cast<double>(plan.layer.in_channels) /
                static_cast<double>(plan.layer.groups);
  for (const auto side : plan.layer.kernel_size) {
    fold *= static_cast<double>(side);
  }
  double there = 0;
  for (const auto& factor : plan.factors) {
    double numbers = 1;
    for (const auto size : factor.weight_sizes()) {
      numbers *= static_cast<double>(size);
    }
    there += numbers;
  }
  return fold <= kMostTimes * there + kMostBeyond;
}

}  // namespace

ChainLayout layout_of(const Plan& plan) {
  Sides branches;
  for (const auto& branch : plan.branches) {
    branches.push_back(static_cast<std::int64_t>(branch.count));
  }
  Sides factors;
  for (const auto& factor : plan.factors) {
    factors.push_back(factor.groups);
    factors.push_back(factor.fixed ? 1 : 0);
    factors.push_back(factor.adds_identity ? 1 : 0);
  }
  Sides layer = {plan.layer.groups};
  layer.insert(layer.end(), plan.layer.kernel_size.begin(),
               plan.layer.kernel_size.end());
  return {at::tensor(branches, at::kLong),
          at::tensor(factors, at::kLong).view({-1, kColumns}),
          at::tensor(layer, at::kLong)};
}

std::optional<Plan> plan_of_layout(const ChainLayout& layout,
                                   const std::vector<LaidOutFactor>& factors,
                                   bool transposed) {
  const auto numbers = read(layout);
  if (!numbers || numbers->factors.size() != factors.size() ||
      !all_positive(numbers->branches) || !all_positive(numbers->layer) ||
      numbers->layer.size() > 4) {
    return std::nullopt;
  }
  const auto& [branches, rows, layer] = *numbers;
  auto plan =
      plan_without_branches(layer.front(), {layer.begin() + 1, layer.end()});
  plan.layer.transposed = transposed;
  const auto dims = plan.layer.kernel_size.size();
  std::size_t next = 0;
  for (const auto count : branches) {
    if (count > static_cast<std::int64_t>(factors.size() - next)) {
      return std::nullopt;
    }
    std::vector<FactorShape> chain;
    for (std::int64_t i = 0; i < count; ++i, ++next) {
      const auto factor = laid_out_factor(rows[next], factors[next], dims);
      if (!factor) return std::nullopt;
      chain.push_back(*factor);
    }
    if (!add_given_branch(plan, chain).empty()) return std::nullopt;
  }
  if (next != factors.size() || !is_in_proportion(plan)) return std::nullopt;
  set_order(plan);
  return plan;
}

}  // namespace expandnet
