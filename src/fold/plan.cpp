#include <c10/util/Exception.h>
#include <expandnet/fold/plan.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <sstream>

#include "fold/presets.h"
#include "fold/sides.h"
#include "fold/site_message.h"

namespace expandnet {

namespace {

std::int64_t largest_side(const CompactLayer& layer) {
  return layer.kernel_size.empty()
             ? 1
             : *std::max_element(layer.kernel_size.begin(),
                                 layer.kernel_size.end());
}

/// A side as a chain of 3s, with one 2 for an even side: 7 -> 3 3 3, 4 -> 3 2.
Sides split_side(std::int64_t side) {
  Sides parts;
  for (; side > 2; side -= 2) parts.push_back(3);
  if (side == 2) parts.push_back(2);
  return parts;
}

/// The kernels of a chain, each with every spatial dimension.
std::vector<Sides> split_kernel(const Sides& kernel) {
  const auto factors =
      split_side(*std::max_element(kernel.begin(), kernel.end())).size();
  std::vector<Sides> kernels(factors, Sides(kernel.size(), 1));
  for (std::size_t d = 0; d < kernel.size(); ++d) {
    const auto parts = split_side(kernel[d]);
    for (std::size_t i = 0; i < parts.size(); ++i) kernels[i][d] = parts[i];
  }
  return kernels;
}

void check_strategy(const CompactLayer& layer, Strategy strategy,
                    const Site& site) {
  const bool linear = layer.kernel_size.empty();
  switch (strategy) {
    case Strategy::kFC:
      TORCH_CHECK(linear, error_message(
                              site, "FC needs a linear layer",
                              "a " + sides(layer.kernel_size) + " convolution",
                              "use CL or CK"));
      return;
    case Strategy::kCL:
      TORCH_CHECK(!linear, error_message(site, "CL needs a convolution",
                                         "a linear layer", "use FC"));
      return;
    case Strategy::kCK:
      TORCH_CHECK(!linear, error_message(site, "CK needs a convolution",
                                         "a linear layer", "use FC"));
      TORCH_CHECK(
          largest_side(layer) > 3,
          error_message(
              site, "CK needs a kernel with a side above 3",
              sides(layer.kernel_size),
              largest_side(layer) > 1 ? "use CL" : "leave the layer compact"));
      return;
    default:  // sums, whose branches are checked
      return;
  }
}

Strategy choose_strategy(const CompactLayer& layer,
                         const ExpansionOptions& options, const Site& site) {
  if (options.branches()) {
    TORCH_CHECK(
        options.strategy().value_or(Strategy::kBranches) == Strategy::kBranches,
        error_message(site, "branches are a strategy of their own",
                      name(*options.strategy()), "leave out one of the two"));
    return Strategy::kBranches;
  }
  const auto strategy =
      options.strategy() ? options.strategy() : default_strategy(layer);
  TORCH_CHECK(strategy,
              error_message(site, "a 1x1 kernel has no default strategy",
                            sides(layer.kernel_size),
                            "leave the layer compact, or name a strategy"));
  check_strategy(layer, *strategy, site);
  return *strategy;
}

std::vector<Sides> factor_kernels(const CompactLayer& layer, Strategy strategy,
                                  const ExpansionOptions& options,
                                  const Site& site) {
  switch (strategy) {
    case Strategy::kFC: {
      const auto depth =
          options.widths().empty()
              ? options.depth()
              : static_cast<std::int64_t>(options.widths().size() + 1);
      TORCH_CHECK(depth >= 2, error_message(site, "depth must be at least 2",
                                            std::to_string(depth)));
      return std::vector<Sides>(static_cast<std::size_t>(depth));
    }
    case Strategy::kCL: {
      const Sides pointwise(layer.kernel_size.size(), 1);
      return {pointwise, layer.kernel_size, pointwise};
    }
    case Strategy::kCK:
      return split_kernel(layer.kernel_size);
    default:
      TORCH_INTERNAL_ASSERT(false, "no strategy of a chain");
  }
}

/// The factor whose stride is the layer's; all others step by one.
std::size_t strided_factor(const CompactLayer& layer, Strategy strategy,
                           std::size_t factors) {
  if (strategy == Strategy::kCL) return 1;
  return layer.transposed ? 0 : factors - 1;
}

/// No machine holds factors that are wider.
constexpr double kMostWidth = 1 << 30;

std::int64_t expanded_width(std::int64_t channels, double rate,
                            std::int64_t groups, const Site& site) {
  const auto channels_per_group = channels / groups;
  TORCH_CHECK(rate * static_cast<double>(channels) <= kMostWidth, [&] {
    std::ostringstream got;
    got << rate << " for " << channels << " channels";
    return error_message(
        site, "rate must give a width of at most 2^30 channels", got.str());
  }());
  const auto per_group =
      std::llround(rate * static_cast<double>(channels_per_group));
  return groups * std::max<std::int64_t>(per_group, 1);
}

Sides interior_widths(const CompactLayer& layer,
                      const ExpansionOptions& options, std::size_t interior,
                      const Site& site) {
  if (options.widths().empty()) {
    TORCH_CHECK(options.rate() > 0 && std::isfinite(options.rate()), [&] {
      std::ostringstream got;
      got << options.rate();
      return error_message(site, "rate must be positive and finite", got.str());
    }());
    Sides widths(interior, expanded_width(layer.out_channels, options.rate(),
                                          layer.groups, site));
    widths.front() =
        expanded_width(layer.in_channels, options.rate(), layer.groups, site);
    return widths;
  }
  const auto& widths = options.widths();
  TORCH_CHECK(widths.size() == interior,
              error_message(
                  site,
                  "a chain of " + std::to_string(interior + 1) +
                      " factors needs " + std::to_string(interior) +
                      (interior == 1 ? " interior width" : " interior widths"),
                  sizes(widths)));
  TORCH_CHECK(
      std::all_of(widths.begin(), widths.end(),
                  [&](std::int64_t width) {
                    return width > 0 && width % layer.groups == 0;
                  }),
      error_message(site,
                    "interior widths must be positive multiples of groups (" +
                        std::to_string(layer.groups) + ")",
                    sizes(widths)));
  return widths;
}

/// Every one of them 1.
Sides ones(const CompactLayer& layer) {
  return Sides(layer.kernel_size.size(), 1);
}

/// A factor m -> n of the layer's groups and stride 1.
FactorShape factor_of(const CompactLayer& layer, std::int64_t in,
                      std::int64_t out, const Sides& kernel) {
  FactorShape factor;
  factor.in_channels = in;
  factor.out_channels = out;
  factor.kernel_size = kernel;
  factor.stride = ones(layer);
  factor.groups = layer.groups;
  return factor;
}

/// The chain of a strategy.
std::vector<FactorShape> chain_of(const CompactLayer& layer, Strategy strategy,
                                  const ExpansionOptions& options,
                                  const Site& site) {
  const auto kernels = factor_kernels(layer, strategy, options, site);
  auto widths = interior_widths(layer, options, kernels.size() - 1, site);
  widths.push_back(layer.out_channels);
  const auto strided = strided_factor(layer, strategy, kernels.size());
  std::vector<FactorShape> chain;
  auto in_channels = layer.in_channels;
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    chain.push_back(factor_of(layer, in_channels, widths[i], kernels[i]));
    if (i == strided) chain.back().stride = layer.stride;
    in_channels = widths[i];
  }
  return chain;
}

std::string widths_of(std::int64_t in_channels,
                      const std::vector<FactorShape>& chain) {
  auto line = std::to_string(in_channels);
  for (const auto& factor : chain) {
    line += " -> " + std::to_string(factor.out_channels);
  }
  return line;
}

/// The kernel of a branch of one factor: sides, of which 0 is the layer's.
Sides kernel_of(const CompactLayer& layer, const Branch& branch,
                const Site& site) {
  auto kernel = branch.kernel_size();
  if (kernel.empty()) return layer.kernel_size;
  TORCH_CHECK(
      kernel.size() == layer.kernel_size.size(),
      error_message(site,
                    "a branch's kernel needs one side per spatial dimension (" +
                        std::to_string(layer.kernel_size.size()) + ")",
                    sizes(kernel)));
  for (std::size_t d = 0; d < kernel.size(); ++d) {
    if (kernel[d] == 0) kernel[d] = layer.kernel_size[d];
  }
  return kernel;
}

void check_branch(const CompactLayer& layer, const Branch& branch,
                  const Site& site) {
  const auto kind = branch.kind();
  TORCH_CHECK(kind == BranchKind::kKernel || branch.kernel_size().empty(),
              error_message(site, "a branch of its own kernel is of kKernel",
                            sides(branch.kernel_size()) + " of " + name(kind),
                            "leave out its kernel_size"));
  TORCH_CHECK(
      kind != BranchKind::kIdentity || layer.in_channels == layer.out_channels,
      error_message(site,
                    "an identity needs as many output as input "
                    "channels",
                    std::to_string(layer.in_channels) + " -> " +
                        std::to_string(layer.out_channels),
                    "leave the branch out"));
  TORCH_CHECK(branch.width().value_or(1) > 0,
              error_message(site, "a branch's width must be positive",
                            std::to_string(branch.width().value_or(1))));
  TORCH_CHECK(std::isfinite(branch.scale().value_or(0)), [&] {
    std::ostringstream got;
    got << *branch.scale();
    return error_message(site, "a scale must be finite", got.str());
  }());
  TORCH_CHECK(!branch.strategy() || is_chain(*branch.strategy()),
              error_message(site, "the chain of a branch must be FC, CL or CK",
                            name(branch.strategy().value_or(Strategy::kFC)),
                            "list the branches of a sum one by one"));
}

void check_kernel(const CompactLayer& layer, const Sides& kernel,
                  const Site& site) {
  const auto got = sides(kernel) + " in " + sides(layer.kernel_size);
  for (std::size_t d = 0; d < kernel.size(); ++d) {
    const auto room = layer.kernel_size[d] - kernel[d];
    TORCH_CHECK(kernel[d] > 0 && room >= 0,
                error_message(site,
                              "a branch must be no larger than the layer's "
                              "kernel",
                              got, "choose sides from 1 to the layer's"));
    TORCH_CHECK(room % 2 == 0,
                error_message(site,
                              "a branch must have the centre of the layer's "
                              "kernel",
                              got,
                              "choose sides that are smaller by an even "
                              "number"));
  }
}

/// 1x1, then a fixed factor that weighs the pixels of each channel alike.
std::vector<FactorShape> fixed_kernel(const CompactLayer& layer,
                                      FactorStart start) {
  const auto out = layer.out_channels;
  auto mixing = factor_of(layer, layer.in_channels, out, ones(layer));
  auto fixed = factor_of(layer, out, out, layer.kernel_size);
  fixed.groups = out;
  fixed.fixed = true;
  fixed.start = start;
  fixed.constant = 1 / static_cast<double>(fixed.taps());
  fixed.stride = layer.stride;
  return {mixing, fixed};
}

std::vector<FactorShape> pointwise_kernel(const CompactLayer& layer,
                                          const Branch& branch) {
  const auto width = branch.width().value_or(layer.groups > 4 ? 2 : 1);
  const auto middle = width * layer.in_channels;
  auto mixing = factor_of(layer, layer.in_channels, middle, ones(layer));
  if (width == 1) {
    mixing.adds_identity = true;
    mixing.start = FactorStart::kConstant;
  }
  auto kernel = factor_of(layer, middle, layer.out_channels, layer.kernel_size);
  kernel.stride = layer.stride;
  return {mixing, kernel};
}

std::vector<FactorShape> depthwise_separable(const CompactLayer& layer,
                                             const Branch& branch) {
  constexpr std::int64_t kUsualWidth = 8;
  const auto middle = branch.width().value_or(kUsualWidth) * layer.in_channels;
  auto depthwise =
      factor_of(layer, layer.in_channels, middle, layer.kernel_size);
  depthwise.groups = layer.in_channels;
  depthwise.stride = layer.stride;
  return {depthwise, factor_of(layer, middle, layer.out_channels, ones(layer))};
}

FactorShape identity_of(const CompactLayer& layer) {
  auto identity =
      factor_of(layer, layer.in_channels, layer.out_channels, ones(layer));
  identity.groups = layer.in_channels;
  identity.fixed = true;
  identity.start = FactorStart::kConstant;
  identity.constant = 1;
  identity.stride = layer.stride;
  return identity;
}

/// The factors of a branch, and its name, without a scale and biases.
std::pair<std::vector<FactorShape>, std::string> factors_of(
    const CompactLayer& layer, const Branch& branch,
    const ExpansionOptions& options, const Site& site) {
  const auto full = sides(layer.kernel_size);
  switch (branch.kind()) {
    case BranchKind::kKernel: {
      const auto kernel = kernel_of(layer, branch, site);
      check_kernel(layer, kernel, site);
      auto factor =
          factor_of(layer, layer.in_channels, layer.out_channels, kernel);
      factor.stride = layer.stride;
      return {{factor}, sides(kernel)};
    }
    case BranchKind::kChain: {
      auto own = options;
      own.branches(std::nullopt).strategy(branch.strategy());
      const auto strategy = choose_strategy(layer, own, site);
      auto chain = chain_of(layer, strategy, own, site);
      auto text = std::string(name(strategy)) + " " +
                  widths_of(layer.in_channels, chain);
      return {std::move(chain), std::move(text)};
    }
    case BranchKind::kPointwiseKernel:
      return {pointwise_kernel(layer, branch), "1x1-" + full};
    case BranchKind::kDepthwiseSeparable:
      return {depthwise_separable(layer, branch), name(branch.kind())};
    case BranchKind::kAverage:
      return {fixed_kernel(layer, FactorStart::kConstant), name(branch.kind())};
    case BranchKind::kCosine:
      return {fixed_kernel(layer, FactorStart::kCosine), name(branch.kind())};
    case BranchKind::kIdentity:
      check_kernel(layer, ones(layer), site);
      return {{identity_of(layer)}, name(branch.kind())};
  }
  TORCH_INTERNAL_ASSERT(false, "unknown kind of branch");
}

FactorShape scale_of(const CompactLayer& layer, double start) {
  auto scale =
      factor_of(layer, layer.out_channels, layer.out_channels, ones(layer));
  scale.groups = layer.out_channels;
  scale.start = FactorStart::kConstant;
  scale.constant = start;
  return scale;
}

/// Which factors have a bias. In front of the strided factor of a transposed
/// convolution it would be no bias of the layer, and behind a scale it would be
/// a second one.
void set_biases(const CompactLayer& layer, bool wanted, bool has_scale,
                std::vector<FactorShape>& chain) {
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const bool last = i + 1 == chain.size();
    const bool may_have = layer.transposed ? last : !(last && has_scale);
    chain[i].bias = wanted && layer.bias && may_have && !chain[i].fixed;
  }
}

Sides kernel_of(const std::vector<FactorShape>& chain) {
  auto kernel = chain.front().kernel_size;
  for (std::size_t i = 1; i < chain.size(); ++i) {
    kernel = composed_sides(chain[i].kernel_size, kernel);
  }
  return kernel;
}

void add_branch(Plan& plan, const Branch& asked,
                const ExpansionOptions& options, const Site& site) {
  const auto& layer = plan.layer;
  check_branch(layer, asked, site);
  auto [chain, text] = factors_of(layer, asked, options, site);
  if (asked.scale()) chain.push_back(scale_of(layer, *asked.scale()));
  set_biases(layer, asked.bias(), asked.scale().has_value(), chain);
  BranchShape branch;
  branch.name = text;
  branch.first = plan.factors.size();
  branch.count = chain.size();
  branch.kernel_size = kernel_of(chain);
  branch.has_scale = asked.scale().has_value();
  branch.initial_values = asked.initial_values();
  plan.branches.push_back(std::move(branch));
  plan.factors.insert(plan.factors.end(), chain.begin(), chain.end());
}

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
  return branches.size() == 1 && factors.size() > 1 &&
         branches.front().kernel_size == layer.kernel_size &&
         std::all_of(factors.begin(), factors.end(),
                     [this](const FactorShape& factor) {
                       return factor.groups == layer.groups && !factor.fixed &&
                              !factor.adds_identity;
                     });
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

std::optional<Strategy> default_strategy(const CompactLayer& layer) {
  if (layer.kernel_size.empty()) return Strategy::kFC;
  if (largest_side(layer) > 3) return Strategy::kCK;
  if (largest_side(layer) > 1) return Strategy::kCL;
  return std::nullopt;
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
