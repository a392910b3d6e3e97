#include <c10/util/Exception.h>
#include <expandnet/fold/plan.h>

#include <algorithm>

#include "fold/branch_factors.h"
#include "fold/chain_factors.h"
#include "fold/presets.h"
#include "fold/sides.h"
#include "fold/site_message.h"

namespace expandnet {

namespace {

/// The branches of a strategy: one chain with the layer's biases, or a sum.
std::vector<Branch> branches_for(const CompactLayer& layer, Strategy strategy,
                                 const ExpansionOptions& options,
                                 const Site& site) {
  if (is_chain(strategy)) {
    return {Branch(BranchKind::kChain).strategy(strategy).bias(true)};
  }
  TORCH_CHECK(!options.activation(),
              error_message(site, "a nonlinear twin is a single chain",
                            std::string("the branches of ") + name(strategy),
                            "use FC, CL or CK"));
  return branches_of(layer, strategy, options, site);
}

void check_bias(const Plan& plan, const Site& site) {
  const bool has_bias =
      std::any_of(plan.factors.begin(), plan.factors.end(),
                  [](const FactorShape& factor) { return factor.bias; });
  TORCH_CHECK(
      !plan.layer.bias || has_bias,
      error_message(site, "the bias of a layer needs a branch that has one",
                    "none of " + plan.widths(),
                    "set bias(true) on a branch that is not fixed"));
}

}  // namespace

std::vector<std::int64_t> Plan::weight_sizes(std::size_t i) const {
  return factors[i].weight_sizes();
}

std::int64_t Plan::parameter_count() const {
  std::int64_t count = 0;
  for (const auto& factor : factors) {
    if (factor.fixed) continue;
    count += taps_of(factor.weight_sizes()) +
             (factor.bias ? factor.out_channels : 0);
  }
  return count;
}

std::string Plan::widths() const {
  if (is_chain(strategy)) return widths_of(layer.in_channels, factors);
  std::string line;
  for (const auto& branch : branches) {
    line += (line.empty() ? "" : " + ") + branch.name;
  }
  return line;
}

bool Plan::is_single_chain() const {
  return branches.size() == 1 &&
         branches.front().kernel_size == layer.kernel_size &&
         std::any_of(factors.begin(), factors.end(),
                     [this](const FactorShape& factor) {
                       return factor.groups == layer.groups;
                     });
}

bool Plan::is_plain() const {
  return branches.size() == 1 && branches.front().strategy &&
         !branches.front().has_scale;
}

Plan plan_of_branch(const Plan& plan, std::size_t i) {
  auto branch = plan.branches[i];
  const auto first =
      plan.factors.begin() + static_cast<std::ptrdiff_t>(branch.first);
  Plan part{plan.layer, plan.strategy, {}, {}, {}};
  part.factors.assign(first, first + static_cast<std::ptrdiff_t>(branch.count));
  part.layer.kernel_size = branch.kernel_size;
  part.layer.bias =
      std::any_of(part.factors.begin(), part.factors.end(),
                  [](const FactorShape& factor) { return factor.bias; });
  branch.first = 0;
  part.branches = {std::move(branch)};
  set_order(part);
  return part;
}

Plan plan(const CompactLayer& layer, const ExpansionOptions& options,
          const Site& site) {
  check_layer(layer, site);
  const auto strategy = choose_strategy(layer, options, site);
  Plan result{layer, strategy, {}, {}, {}};
  for (const auto& branch : branches_for(layer, strategy, options, site)) {
    add_branch(result, branch, options, site);
  }
  check_bias(result, site);
  set_order(result);
  return result;
}

}  // namespace expandnet
