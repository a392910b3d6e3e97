#include "fold/chain_factors.h"

#include <c10/util/Exception.h>
#include <expandnet/fold/plan.h>

#include <algorithm>
#include <cmath>
#include <sstream>

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

}  // namespace

std::optional<Strategy> default_strategy(const CompactLayer& layer) {
  if (layer.kernel_size.empty()) return Strategy::kFC;
  if (largest_side(layer) > 3) return Strategy::kCK;
  if (largest_side(layer) > 1) return Strategy::kCL;
  return std::nullopt;
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

Sides ones(const CompactLayer& layer) {
  return Sides(layer.kernel_size.size(), 1);
}

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

}  // namespace expandnet
