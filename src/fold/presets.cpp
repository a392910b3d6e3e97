#include "fold/presets.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <optional>

#include "fold/chain_factors.h"
#include "fold/sides.h"
#include "fold/site_message.h"

namespace expandnet {

namespace {

std::int64_t sides_above(const CompactLayer& layer, std::int64_t least) {
  return std::count_if(layer.kernel_size.begin(), layer.kernel_size.end(),
                       [least](std::int64_t side) { return side > least; });
}

Sides pointwise(const CompactLayer& layer) {
  return Sides(layer.kernel_size.size(), 1);
}

Branch scaled(Branch branch, double scale = 1) { return branch.scale(scale); }

Branch scaled_pointwise(const CompactLayer& layer) {
  return scaled(Branch(BranchKind::kKernel).kernel_size(pointwise(layer)));
}

void add_identity(const CompactLayer& layer, std::vector<Branch>& branches) {
  if (layer.in_channels != layer.out_channels) return;
  branches.push_back(scaled(BranchKind::kIdentity));
}

/// OREPA's own start, unless the options ask for another.
std::optional<InitialValues> start_of_orepa(const ExpansionOptions& options) {
  const auto asked = options.initial_values();
  if (asked == InitialValues::kDefault || asked == InitialValues::kPreserving) {
    return InitialValues::kKaimingUniform;
  }
  return std::nullopt;
}

std::vector<Branch> orepa(const CompactLayer& layer,
                          const ExpansionOptions& options) {
  std::vector<Branch> branches = {scaled(BranchKind::kKernel, 0.25),
                                  scaled(BranchKind::kAverage, 0.25),
                                  scaled(BranchKind::kCosine, 0),
                                  scaled(BranchKind::kPointwiseKernel, 0.5),
                                  scaled_pointwise(layer),
                                  scaled(BranchKind::kDepthwiseSeparable, 0.5)};
  for (auto& branch : branches) {
    branch.initial_values(start_of_orepa(options));
  }
  return branches;
}

/// The kernel, and for each side above 1 the line that has it alone.
std::vector<Branch> acb(const CompactLayer& layer) {
  std::vector<Branch> branches = {scaled(BranchKind::kKernel)};
  for (auto d = layer.kernel_size.size(); d-- > 0;) {
    if (layer.kernel_size[d] == 1) continue;
    auto line = pointwise(layer);
    line[d] = layer.kernel_size[d];
    branches.push_back(scaled(Branch(BranchKind::kKernel).kernel_size(line)));
  }
  return branches;
}

/// 1x1 and identity beside `chain`.
std::vector<Branch> rep(const CompactLayer& layer, const Branch& chain) {
  std::vector<Branch> branches = {scaled(chain), scaled_pointwise(layer)};
  add_identity(layer, branches);
  return branches;
}

std::vector<Branch> cl_with_skip(const CompactLayer& layer) {
  std::vector<Branch> branches = {
      scaled(Branch(BranchKind::kChain).strategy(Strategy::kCL))};
  add_identity(layer, branches);
  if (branches.size() == 1) branches.push_back(scaled_pointwise(layer));
  return branches;
}

/// What a strategy demands of a kernel; sides that are even are told of where
/// the branches are planned.
void check_fits(const CompactLayer& layer, Strategy strategy,
                const Site& site) {
  const auto& kernel = layer.kernel_size;
  const std::string strategy_name = name(strategy);
  TORCH_CHECK(!kernel.empty(),
              error_message(site, strategy_name + " needs a convolution",
                            "a linear layer", "use FC"));
  TORCH_CHECK(
      sides_above(layer, 1) > 0,
      error_message(site, strategy_name + " needs a kernel with a side above 1",
                    sides(kernel), "leave the layer compact"));
  TORCH_CHECK(
      strategy != Strategy::kACB || sides_above(layer, 1) > 1,
      error_message(site,
                    strategy_name + " needs a kernel with two sides above 1",
                    sides(kernel), "use rep"));
  TORCH_CHECK(
      strategy != Strategy::kCKRep || sides_above(layer, 3) > 0,
      error_message(site, strategy_name + " needs a kernel with a side above 3",
                    sides(kernel), "use rep"));
}

}  // namespace

ExpansionOptions with_cl_for_ck(const CompactLayer& layer,
                                ExpansionOptions options, const Site& site) {
  const auto strategy = choose_strategy(layer, options, site);
  options.widths({});
  if (is_chain(strategy)) return options.strategy(Strategy::kCL);
  auto branches = branches_of(layer, strategy, options, site);
  for (auto& branch : branches) {
    if (branch.kind() != BranchKind::kChain) continue;
    auto own = options;
    own.branches(std::nullopt).strategy(branch.strategy());
    if (choose_strategy(layer, own, site) == Strategy::kCK) {
      branch.strategy(Strategy::kCL);
    }
  }
  return options.strategy(Strategy::kBranches).branches(branches);
}

bool is_chain(Strategy strategy) {
  return strategy == Strategy::kFC || strategy == Strategy::kCL ||
         strategy == Strategy::kCK;
}

bool fits(Strategy strategy, const CompactLayer& layer) {
  if (strategy == Strategy::kFC) return layer.kernel_size.empty();
  if (strategy == Strategy::kCK) return sides_above(layer, 3) > 0;
  if (strategy == Strategy::kCL || strategy == Strategy::kBranches) {
    return sides_above(layer, 1) > 0;
  }
  const bool odd =
      std::all_of(layer.kernel_size.begin(), layer.kernel_size.end(),
                  [](std::int64_t side) { return side % 2 == 1; });
  return odd && sides_above(layer, strategy == Strategy::kCKRep ? 3 : 1) >
                    (strategy == Strategy::kACB ? 1 : 0);
}

std::vector<Branch> branches_of(const CompactLayer& layer, Strategy strategy,
                                const ExpansionOptions& options,
                                const Site& site) {
  if (strategy == Strategy::kBranches) {
    auto branches = options.branches().value_or(std::vector<Branch>());
    TORCH_CHECK(
        !branches.empty(),
        error_message(site, "a sum needs at least one branch", "an empty list",
                      "list branches, or name another strategy"));
    return branches;
  }
  check_fits(layer, strategy, site);
  std::vector<Branch> branches;
  switch (strategy) {
    case Strategy::kOREPA:
      branches = orepa(layer, options);
      break;
    case Strategy::kACB:
      branches = acb(layer);
      break;
    case Strategy::kRep:
      branches = rep(layer, BranchKind::kKernel);
      break;
    case Strategy::kCLSkip:
      branches = cl_with_skip(layer);
      break;
    case Strategy::kCKRep:
      branches = rep(layer, Branch(BranchKind::kChain).strategy(Strategy::kCK));
      break;
    default:
      TORCH_INTERNAL_ASSERT(false, "no sum of branches");
  }
  branches.front().bias(true);
  return branches;
}

}  // namespace expandnet
