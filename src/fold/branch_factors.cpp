#include "fold/branch_factors.h"

#include <c10/util/Exception.h>

#include <cmath>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "fold/chain_factors.h"
#include "fold/presets.h"
#include "fold/site_message.h"

namespace expandnet {

namespace {

/// No machine holds factors that are wider.
constexpr std::int64_t kMostChannels = std::int64_t{1} << 30;

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
  const auto width = branch.width().value_or(1);
  TORCH_CHECK(
      width > 0 && width <= kMostChannels / layer.in_channels,
      error_message(site,
                    "a branch's width must be positive and give at "
                    "most 2^30 channels",
                    std::to_string(width) + " for " +
                        std::to_string(layer.in_channels) + " channels"));
  TORCH_CHECK(std::isfinite(branch.scale().value_or(0)), [&] {
    std::ostringstream got;
    got << *branch.scale();
    return error_message(site, "a scale must be finite", got.str());
  }());
  TORCH_CHECK(!branch.strategy() || is_chain(*branch.strategy()),
              error_message(site, "the chain of a branch must be FC, CL or CK",
                            name(branch.strategy().value_or(Strategy::kFC)),
                            "list the branches of a sum one by one"));
  TORCH_CHECK(
      branch.initial_values() != InitialValues::kPreserving,
      error_message(site, "a layer's weight is preserved by all its branches",
                    "kPreserving for one",
                    "set initial_values of the ExpansionOptions"));
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

/// The factors of a branch, without a scale and biases.
struct BranchFactors {
  std::vector<FactorShape> chain;
  std::string name;
  std::optional<Strategy> strategy = std::nullopt;  ///< of kChain
};

BranchFactors factors_of(const CompactLayer& layer, const Branch& branch,
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
      return {std::move(chain), std::move(text), strategy};
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
  C10_THROW_ERROR(Error, "unknown kind of branch");
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

}  // namespace

void add_branch(Plan& plan, const Branch& asked,
                const ExpansionOptions& options, const Site& site) {
  const auto& layer = plan.layer;
  check_branch(layer, asked, site);
  auto [chain, text, strategy] = factors_of(layer, asked, options, site);
  if (asked.scale()) chain.push_back(scale_of(layer, *asked.scale()));
  set_biases(layer, asked.bias(), asked.scale().has_value(), chain);
  BranchShape branch;
  branch.name = text;
  branch.strategy = strategy;
  branch.first = plan.factors.size();
  branch.count = chain.size();
  branch.kernel_size = kernel_of(chain);
  branch.has_scale = asked.scale().has_value();
  branch.initial_values = asked.initial_values();
  plan.branches.push_back(std::move(branch));
  plan.factors.insert(plan.factors.end(), chain.begin(), chain.end());
}

}  // namespace expandnet
