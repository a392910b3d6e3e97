#include "random_geometry.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <random>
#include <sstream>

#include "fold/given_branches.h"
#include "testing.h"

namespace expandnet::testing {

namespace {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  std::int64_t between(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(engine_);
  }
  bool heads() { return between(0, 1) == 1; }
  template <typename T>
  T one_of(std::initializer_list<T> choices) {
    return *(choices.begin() +
             between(0, static_cast<std::int64_t>(choices.size()) - 1));
  }

 private:
  std::mt19937_64 engine_;
};

void draw_channels(Dice& dice, CompactLayer& layer) {
  switch (dice.between(0, 2)) {
    case 0:
      layer.in_channels = dice.between(1, 6);
      layer.out_channels = dice.between(1, 6);
      return;
    case 1:
      layer.groups = dice.between(2, 3);
      layer.in_channels = layer.groups * dice.between(1, 3);
      layer.out_channels = layer.groups * dice.between(1, 3);
      return;
    default:  // depthwise, with a channel multiplier
      layer.groups = layer.in_channels = dice.between(2, 5);
      layer.out_channels = layer.groups * dice.between(1, 2);
  }
}

CompactLayer draw_layer(Dice& dice) {
  const auto dims = dice.between(0, 3);
  if (dims == 0) {
    return linear_layer(dice.between(1, 9), dice.between(1, 9));
  }
  CompactLayer layer;
  draw_channels(dice, layer);
  layer.transposed = dice.between(0, 3) == 0;
  if (!layer.transposed) {
    layer.padding_mode = dice.one_of(
        {PaddingMode::kZeros, PaddingMode::kZeros, PaddingMode::kReflect,
         PaddingMode::kReplicate, PaddingMode::kCircular});
  }
  const bool same = !layer.transposed && dice.between(0, 3) == 0;
  for (std::int64_t d = 0; d < dims; ++d) {
    const auto kernel = dice.between(1, dims == 3 ? 5 : 7);
    const auto stride = same ? 1 : dice.between(1, 3);
    const auto dilation = dice.between(1, 2);
    const auto reach = dilation * (kernel - 1);
    const auto padding =
        dice.heads() ? 0 : dice.between(0, std::min<std::int64_t>(reach, 3));
    layer.kernel_size.push_back(kernel);
    layer.stride.push_back(stride);
    layer.dilation.push_back(dilation);
    layer.padding_before.push_back(same ? reach / 2 : padding);
    layer.padding_after.push_back(same ? reach - reach / 2 : padding);
    layer.output_padding.push_back(
        dice.between(0, std::max(stride, dilation) - 1));
  }
  return layer;
}

ExpansionOptions draw_options(Dice& dice, const CompactLayer& layer) {
  ExpansionOptions options;
  const auto widest = layer.kernel_size.empty()
                          ? 0
                          : *std::max_element(layer.kernel_size.begin(),
                                              layer.kernel_size.end());
  if (widest == 0) {
    options.strategy(Strategy::kFC).depth(dice.between(2, 5));
  } else {
    options.strategy(widest > 3 && dice.heads() ? Strategy::kCK
                                                : Strategy::kCL);
  }
  options.rate(dice.one_of({0.25, 0.7, 1.0, 2.0, 4.0}));
  if (dice.between(0, 3) != 0) return options;
  const auto interior = plan(layer, options).factors.size() - 1;
  std::vector<std::int64_t> widths;
  for (std::size_t i = 0; i < interior; ++i) {
    widths.push_back(layer.groups * dice.between(1, 4));
  }
  return options.widths(widths);
}

/// Any subset of the factors; of a transposed layer at most the last.
void draw_biases(Dice& dice, Plan& plan) {
  plan.layer.bias = false;
  for (auto& factor : plan.factors) {
    factor.bias = factor.bias && dice.heads();
    plan.layer.bias = plan.layer.bias || factor.bias;
  }
}

/// A kernel at the centre of the layer's.
std::vector<std::int64_t> draw_inner_kernel(Dice& dice,
                                            const CompactLayer& layer) {
  std::vector<std::int64_t> kernel;
  for (const auto side : layer.kernel_size) {
    kernel.push_back(side - 2 * dice.between(0, (side - 1) / 2));
  }
  return kernel;
}

Branch draw_branch(Dice& dice, const CompactLayer& layer) {
  const bool odd =
      std::all_of(layer.kernel_size.begin(), layer.kernel_size.end(),
                  [](std::int64_t side) { return side % 2 == 1; });
  std::vector<BranchKind> kinds = {BranchKind::kKernel,
                                   BranchKind::kPointwiseKernel,
                                   BranchKind::kDepthwiseSeparable,
                                   BranchKind::kAverage, BranchKind::kCosine};
  const bool has_chain =
      layer.kernel_size.empty() ||
      *std::max_element(layer.kernel_size.begin(), layer.kernel_size.end()) > 1;
  if (has_chain) kinds.push_back(BranchKind::kChain);
  if (odd && layer.in_channels == layer.out_channels) {
    kinds.push_back(BranchKind::kIdentity);
  }
  Branch branch = kinds[static_cast<std::size_t>(
      dice.between(0, static_cast<std::int64_t>(kinds.size()) - 1))];
  if (branch.kind() == BranchKind::kKernel && dice.heads()) {
    branch.kernel_size(draw_inner_kernel(dice, layer));
  }
  if (dice.heads()) branch.width(dice.between(1, 3));
  if (dice.heads()) branch.scale(0.5);
  return branch.bias(dice.heads());
}

/// Groups of a factor of a layer with these: any multiple that fits.
std::int64_t draw_groups(Dice& dice, std::int64_t groups, std::int64_t in,
                         std::int64_t out) {
  std::vector<std::int64_t> fitting;
  for (auto finer = groups; finer <= std::min(in, out); finer += groups) {
    if (in % finer == 0 && out % finer == 0) fitting.push_back(finer);
  }
  return fitting[static_cast<std::size_t>(
      dice.between(0, static_cast<std::int64_t>(fitting.size()) - 1))];
}

std::vector<FactorShape> draw_given_chain(Dice& dice,
                                          const CompactLayer& layer) {
  std::vector<FactorShape> chain(static_cast<std::size_t>(dice.between(1, 4)));
  auto rest = draw_inner_kernel(dice, layer);
  auto width = layer.in_channels;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const bool last = i + 1 == chain.size();
    auto& factor = chain[i];
    factor.in_channels = width;
    width = last ? layer.out_channels : layer.groups * dice.between(1, 6);
    factor.out_channels = width;
    factor.groups = draw_groups(dice, layer.groups, factor.in_channels, width);
    for (auto& side : rest) {
      factor.kernel_size.push_back(last ? side : dice.between(1, side));
      side -= factor.kernel_size.back() - 1;
    }
    factor.stride.assign(rest.size(), 1);
    if (last) factor.stride = layer.stride;
    factor.fixed = dice.between(0, 3) == 0;
    factor.bias = !factor.fixed && dice.heads();
    factor.adds_identity =
        factor.in_channels == width && factor.taps() == 1 && dice.heads();
  }
  return chain;
}

/// Adds a branch whose groups can be composed.
void add_given_chain(Dice& dice, Plan& plan) {
  const auto before = plan;
  while (!add_given_branch(plan, draw_given_chain(dice, plan.layer)).empty()) {
    plan = before;
  }
}

at::Tensor draw_input(Dice& dice, const CompactLayer& layer,
                      at::ScalarType dtype) {
  std::vector<std::int64_t> shape = {dice.between(1, 2), layer.in_channels};
  for (std::size_t d = 0; d < layer.kernel_size.size(); ++d) {
    const auto reach = layer.dilation[d] * (layer.kernel_size[d] - 1) + 1;
    const auto padding =
        std::max(layer.padding_before[d], layer.padding_after[d]);
    // A transposed layer crops: its full output must be larger than that.
    const auto least = layer.transposed
                           ? 2 * padding / layer.stride[d] + 1
                           : std::max(reach - 2 * padding, padding + 1);
    shape.push_back(std::max<std::int64_t>(least, 1) + dice.between(0, 3));
  }
  return torch::randn(shape, dtype);
}

}  // namespace

Geometry random_geometry(std::uint64_t seed, at::ScalarType dtype) {
  Dice dice(seed);
  torch::manual_seed(seed);
  const auto layer = draw_layer(dice);
  auto drawn = plan(layer, draw_options(dice, layer));
  draw_biases(dice, drawn);
  auto factors = random_factors(drawn, dtype);
  auto input = draw_input(dice, layer, dtype);
  return {drawn, factors, input};
}

Geometry random_branches(std::uint64_t seed, at::ScalarType dtype) {
  Dice dice(seed);
  torch::manual_seed(seed);
  auto layer = draw_layer(dice);
  layer.bias = dice.heads();
  std::vector<Branch> branches;
  for (auto i = dice.between(1, 4); i > 0; --i) {
    branches.push_back(draw_branch(dice, layer));
  }
  if (layer.bias) branches.push_back(Branch().bias(true));
  auto drawn = plan(layer, ExpansionOptions().branches(branches).rate(
                               dice.one_of({0.7, 1.0, 2.0})));
  auto factors = random_factors(drawn, dtype);
  auto input = draw_input(dice, layer, dtype);
  return {drawn, factors, input};
}

Geometry random_given_branches(std::uint64_t seed, at::ScalarType dtype) {
  Dice dice(seed);
  torch::manual_seed(seed);
  Plan drawn;
  do {
    drawn.layer = draw_layer(dice);
  } while (drawn.layer.transposed);
  drawn.layer.bias = false;
  drawn.strategy = Strategy::kBranches;
  for (auto i = dice.between(1, 4); i > 0; --i) add_given_chain(dice, drawn);
  drawn.factors.front().fixed = false;  // something is trained
  set_order(drawn);
  auto factors = random_factors(drawn, dtype);
  auto input = draw_input(dice, drawn.layer, dtype);
  return {drawn, factors, input};
}

std::string describe_geometry(const Geometry& geometry) {
  const auto& layer = geometry.plan.layer;
  std::ostringstream line;
  line << name(geometry.plan.strategy) << " " << geometry.plan.widths()
       << (layer.transposed ? " transposed" : "") << " groups " << layer.groups
       << " kernel " << at::IntArrayRef(layer.kernel_size) << " stride "
       << at::IntArrayRef(layer.stride) << " dilation "
       << at::IntArrayRef(layer.dilation) << " padding "
       << at::IntArrayRef(layer.padding_before)
       << at::IntArrayRef(layer.padding_after) << " output padding "
       << at::IntArrayRef(layer.output_padding) << " "
       << name(layer.padding_mode) << " biases ";
  for (const auto& factor : geometry.plan.factors) line << factor.bias;
  line << " input " << geometry.input.sizes();
  return line.str();
}

}  // namespace expandnet::testing
