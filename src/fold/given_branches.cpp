#include "fold/given_branches.h"

#include <algorithm>
#include <utility>

#include "fold/sides.h"
#include "fold/site_message.h"

namespace expandnet {

namespace {

bool divides(std::int64_t a, std::int64_t b) {
  return a % b == 0 || b % a == 0;
}

/// What keeps the factors from following each other. The groups of any two must
/// nest, unless a coarser factor stands between them: then all compositions
/// have the groups of their coarsest factor, whatever the order.
std::string misfit_in_chain(const std::vector<FactorShape>& chain) {
  for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
    const auto out = chain[i].out_channels, in = chain[i + 1].in_channels;
    if (out != in) {
      return std::to_string(out) + " channels into a layer of " +
             std::to_string(in);
    }
    const auto groups = chain[i].groups;
    for (auto j = i + 1; j < chain.size(); ++j) {
      if (!divides(groups, chain[j].groups)) {
        return std::to_string(groups) + " groups before " +
               std::to_string(chain[j].groups);
      }
      if (chain[j].groups <= groups) break;
    }
  }
  return "";
}

/// What keeps a branch from its place in the layer's kernel.
std::string misfit_in_kernel(const Sides& branch, const Sides& layer) {
  for (std::size_t d = 0; d < layer.size(); ++d) {
    const auto room = layer[d] - branch[d];
    if (room < 0 || room % 2 != 0) {
      return "a kernel of " + sides(branch) + " in one of " + sides(layer);
    }
  }
  return "";
}

/// What keeps the channels of a branch from those of the layer.
std::string misfit_of_channels(const std::vector<FactorShape>& chain,
                               const CompactLayer& layer) {
  auto own = layer;
  own.in_channels = chain.front().in_channels;
  own.out_channels = chain.back().out_channels;
  return own.in_channels == layer.in_channels &&
                 own.out_channels == layer.out_channels
             ? ""
             : sizes(own.weight_sizes()) + " beside " +
                   sizes(layer.weight_sizes());
}

}  // namespace

Plan plan_without_branches(std::int64_t groups, Sides kernel_size) {
  Plan plan;
  plan.strategy = Strategy::kBranches;
  auto& layer = plan.layer;
  const auto dims = kernel_size.size();
  layer.groups = groups;
  layer.kernel_size = std::move(kernel_size);
  layer.stride = layer.dilation = Sides(dims, 1);
  layer.padding_before = layer.padding_after = layer.output_padding =
      Sides(dims, 0);
  layer.bias = false;
  return plan;
}

std::string add_given_branch(Plan& plan,
                             const std::vector<FactorShape>& chain) {
  auto& layer = plan.layer;
  auto misfit = misfit_in_chain(chain);
  if (!misfit.empty()) return misfit;
  auto kernel = chain.front().kernel_size;
  for (std::size_t i = 1; i < chain.size(); ++i) {
    kernel = composed_sides(chain[i].kernel_size, kernel);
  }
  for (const auto& factor : chain) {
    if (factor.groups % layer.groups != 0) {
      return std::to_string(factor.groups) + " groups beside " +
             std::to_string(layer.groups);
    }
    layer.bias = layer.bias || factor.bias;
  }
  if (plan.branches.empty()) {
    layer.in_channels = chain.front().in_channels;
    layer.out_channels = chain.back().out_channels;
  }
  misfit = misfit_in_kernel(kernel, layer.kernel_size);
  if (misfit.empty()) misfit = misfit_of_channels(chain, layer);
  if (!misfit.empty()) return misfit;
  BranchShape branch;
  branch.name = sides(kernel) + " of " + std::to_string(chain.size()) +
                (chain.size() == 1 ? " factor" : " factors");
  branch.first = plan.factors.size();
  branch.count = chain.size();
  branch.kernel_size = kernel;
  plan.branches.push_back(std::move(branch));
  plan.factors.insert(plan.factors.end(), chain.begin(), chain.end());
  return "";
}

}  // namespace expandnet
