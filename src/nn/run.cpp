#include <ATen/TensorOperators.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv1d.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv3d.h>
#include <ATen/ops/conv_transpose1d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/conv_transpose3d.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/pad.h>
#include <c10/util/Exception.h>
#include <expandnet/nn/run.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "fold/compose.h"
#include "fold/site_message.h"

namespace expandnet {

namespace {

using Sides = std::vector<std::int64_t>;

std::int64_t volume(at::IntArrayRef sides) {
  return std::accumulate(sides.begin(), sides.end(), std::int64_t{1},
                         std::multiplies<>());
}

/// LibTorch's order for pad(): last dimension first, before and after each.
Sides pad_list(const Sides& before, const Sides& after) {
  Sides pads;
  for (auto d = before.size(); d-- > 0;) {
    pads.push_back(before[d]);
    pads.push_back(after[d]);
  }
  return pads;
}

at::Tensor convolve(const Affine& affine, const at::Tensor& input,
                    const Sides& stride, const Sides& padding,
                    const Sides& dilation, std::int64_t groups) {
  const auto& [weight, bias] = affine;
  switch (stride.size()) {
    case 1:
      return at::conv1d(input, weight, bias, stride, padding, dilation, groups);
    case 2:
      return at::conv2d(input, weight, bias, stride, padding, dilation, groups);
    default:
      return at::conv3d(input, weight, bias, stride, padding, dilation, groups);
  }
}

at::Tensor convolve_transposed(const Affine& affine, const at::Tensor& input,
                               const Sides& stride, const Sides& padding,
                               const Sides& output_padding,
                               const Sides& dilation, std::int64_t groups) {
  const auto& [weight, bias] = affine;
  switch (stride.size()) {
    case 1:
      return at::conv_transpose1d(input, weight, bias, stride, padding,
                                  output_padding, groups, dilation);
    case 2:
      return at::conv_transpose2d(input, weight, bias, stride, padding,
                                  output_padding, groups, dilation);
    default:
      return at::conv_transpose3d(input, weight, bias, stride, padding,
                                  output_padding, groups, dilation);
  }
}

/// [..., in] by a linear factor, or by one of several groups.
at::Tensor run_linear(const Affine& factor, const at::Tensor& x,
                      std::int64_t groups) {
  if (groups == 1) return at::linear(x, factor.weight, factor.bias);
  const auto rows = x.reshape({-1, x.size(-1), 1});
  auto sizes = x.sizes().vec();
  sizes.back() = factor.weight.size(0);
  const Sides one = {1};
  const Sides none = {0};
  return convolve({factor.weight.unsqueeze(2), factor.bias}, rows, one, none,
                  one, groups)
      .view(sizes);
}

/// Whether the padding can be left to the convolution itself.
bool pads_by_itself(const CompactLayer& layer) {
  return layer.padding_mode == PaddingMode::kZeros &&
         layer.padding_before == layer.padding_after;
}

at::Tensor pad(const CompactLayer& layer, const at::Tensor& input) {
  return at::pad(input, pad_list(layer.padding_before, layer.padding_after),
                 name(layer.padding_mode));
}

/// Output padding that yields `output_size`, or the layer's own.
Sides output_padding(const CompactLayer& layer, const at::Tensor& input,
                     const std::optional<at::IntArrayRef>& output_size) {
  if (!output_size) return layer.output_padding;
  const auto dims = layer.kernel_size.size();
  TORCH_CHECK(
      output_size->size() == dims,
      error_message("forward",
                    "output_size needs one entry per spatial dimension (" +
                        std::to_string(dims) + ")",
                    sizes(*output_size)));
  const auto input_size =
      input.sizes().slice(input.dim() - layer.spatial_dims());
  Sides least(dims);
  Sides most(dims);
  Sides padding(dims);
  bool reachable = true;
  for (std::size_t d = 0; d < dims; ++d) {
    least[d] = (input_size[d] - 1) * layer.stride[d] - layer.padding_before[d] -
               layer.padding_after[d] +
               layer.dilation[d] * (layer.kernel_size[d] - 1) + 1;
    most[d] = least[d] + layer.stride[d] - 1;
    padding[d] = (*output_size)[d] - least[d];
    reachable = reachable && padding[d] >= 0 && padding[d] < layer.stride[d];
  }
  TORCH_CHECK(reachable, error_message("forward",
                                       "output_size must lie between " +
                                           sizes(least) + " and " + sizes(most),
                                       sizes(*output_size)));
  return padding;
}

/// The weight that a factor applies: with an identity, where it adds one.
at::Tensor applied_weight(const FactorShape& shape, const at::Tensor& weight) {
  if (!shape.adds_identity) return weight;
  const auto width = shape.out_channels / shape.groups;
  const auto identity = at::eye(width, weight.options())
                            .repeat({shape.groups, 1})
                            .view(weight.sizes());
  return weight + identity;
}

/// Pixels by which the kernel of a branch is smaller at each end.
Sides inset_of(const CompactLayer& layer, const BranchShape& branch) {
  Sides inset(layer.kernel_size.size());
  for (std::size_t d = 0; d < inset.size(); ++d) {
    inset[d] =
        layer.dilation[d] * (layer.kernel_size[d] - branch.kernel_size[d]) / 2;
  }
  return inset;
}

/// A bias as an addend to feature maps.
at::Tensor as_map(const at::Tensor& bias, std::int64_t dims) {
  Sides shape(static_cast<std::size_t>(dims) + 1, 1);
  shape.front() = -1;
  return bias.view(shape);
}

at::Tensor run_transposed_branch(
    const Plan& plan, const BranchShape& branch,
    const std::vector<Affine>& factors, at::Tensor x,
    const Activation& activation,
    const std::optional<at::IntArrayRef>& output_size) {
  const auto& layer = plan.layer;
  const Sides none(layer.kernel_size.size(), 0);
  const auto extra = output_padding(layer, x, output_size);
  const auto end = branch.first + branch.count;
  for (auto i = branch.first; i < end; ++i) {
    const auto& shape = plan.factors[i];
    const bool last = i + 1 == end;
    // The last bias also fills the rows that output padding adds.
    x = convolve_transposed(
        {swap_channels(applied_weight(shape, factors[i].weight), shape.groups),
         last ? at::Tensor() : factors[i].bias},
        x, shape.stride, none, none, layer.dilation, shape.groups);
    if (activation && !last) x = activation(x);
  }
  const auto inset = inset_of(layer, branch);
  Sides before = none;
  Sides after = none;
  for (std::size_t d = 0; d < none.size(); ++d) {
    before[d] = inset[d] - layer.padding_before[d];
    after[d] = inset[d] + extra[d] - layer.padding_after[d];
  }
  x = at::constant_pad_nd(x, pad_list(before, after));
  const auto& bias = factors[end - 1].bias;
  return bias.defined() ? x + as_map(bias, layer.spatial_dims()) : x;
}

/// Of an input that is padded already where `padding` is none.
at::Tensor run_branch(const Plan& plan, const BranchShape& branch,
                      const std::vector<Affine>& factors, at::Tensor x,
                      const Sides& padding, const Activation& activation) {
  const auto& layer = plan.layer;
  const bool linear = layer.kernel_size.empty();
  const Sides none(layer.kernel_size.size(), 0);
  const auto end = branch.first + branch.count;
  for (auto i = branch.first; i < end; ++i) {
    const auto& shape = plan.factors[i];
    const Affine factor = {applied_weight(shape, factors[i].weight),
                           factors[i].bias};
    x = linear ? run_linear(factor, x, shape.groups)
               : convolve(factor, x, shape.stride,
                          i == branch.first ? padding : none, layer.dilation,
                          shape.groups);
    if (activation && i + 1 < end) x = activation(x);
  }
  return x;
}

}  // namespace

at::Tensor run_compact(const CompactLayer& layer, const Affine& affine,
                       const at::Tensor& input,
                       const std::optional<at::IntArrayRef>& output_size) {
  if (layer.kernel_size.empty()) {
    return at::linear(input, affine.weight, affine.bias);
  }
  if (layer.transposed) {
    return convolve_transposed(affine, input, layer.stride,
                               layer.padding_before,
                               output_padding(layer, input, output_size),
                               layer.dilation, layer.groups);
  }
  if (pads_by_itself(layer)) {
    return convolve(affine, input, layer.stride, layer.padding_before,
                    layer.dilation, layer.groups);
  }
  return convolve(affine, pad(layer, input), layer.stride,
                  Sides(layer.kernel_size.size(), 0), layer.dilation,
                  layer.groups);
}

at::Tensor run_chain(const Plan& plan, const std::vector<Affine>& factors,
                     const at::Tensor& input, const Activation& activation,
                     const std::optional<at::IntArrayRef>& output_size) {
  const auto& layer = plan.layer;
  auto padding = layer.padding_before;
  auto padded = input;
  // A smaller kernel at the centre reads an inner part of the padded input.
  const bool fits = plan.branches.size() == 1 &&
                    plan.branches.front().kernel_size == layer.kernel_size;
  if (!layer.transposed && !layer.kernel_size.empty() &&
      !(fits && pads_by_itself(layer))) {
    padded = pad(layer, input);
    padding.assign(padding.size(), 0);
  }
  at::Tensor sum;
  for (const auto& branch : plan.branches) {
    auto x = padded;
    if (!layer.transposed && branch.kernel_size != layer.kernel_size) {
      auto inset = inset_of(layer, branch);
      for (auto& side : inset) side = -side;
      x = at::constant_pad_nd(x, pad_list(inset, inset));
    }
    x = layer.transposed
            ? run_transposed_branch(plan, branch, factors, x, activation,
                                    output_size)
            : run_branch(plan, branch, factors, x, padding, activation);
    sum = sum.defined() ? sum + x : x;
  }
  return sum;
}

std::int64_t multiply_adds(const CompactLayer& layer,
                           at::IntArrayRef input_size) {
  const auto weights = volume(layer.weight_sizes());
  if (layer.transposed) return weights * volume(input_size);
  Sides output(layer.kernel_size.size());
  for (std::size_t d = 0; d < output.size(); ++d) {
    const auto padded =
        input_size[d] + layer.padding_before[d] + layer.padding_after[d];
    output[d] = (padded - layer.dilation[d] * (layer.kernel_size[d] - 1) - 1) /
                    layer.stride[d] +
                1;
  }
  return weights * volume(output);
}

std::int64_t multiply_adds(const Plan& plan, at::IntArrayRef input_size) {
  const auto& layer = plan.layer;
  auto padded = input_size.vec();
  for (std::size_t d = 0; d < padded.size() && !layer.transposed; ++d) {
    padded[d] += layer.padding_before[d] + layer.padding_after[d];
  }
  std::int64_t total = 0;
  for (const auto& branch : plan.branches) {
    auto size = padded;
    const auto inset = inset_of(layer, branch);
    for (std::size_t d = 0; d < size.size() && !layer.transposed; ++d) {
      size[d] -= 2 * inset[d];
    }
    for (auto i = branch.first; i < branch.first + branch.count; ++i) {
      const auto& factor = plan.factors[i];
      const auto before = volume(size);
      for (std::size_t d = 0; d < size.size(); ++d) {
        const auto reach = layer.dilation[d] * (factor.kernel_size[d] - 1);
        size[d] = layer.transposed
                      ? (size[d] - 1) * factor.stride[d] + reach + 1
                      : (size[d] - reach - 1) / factor.stride[d] + 1;
      }
      total += volume(plan.weight_sizes(i)) *
               (layer.transposed ? before : volume(size));
    }
  }
  return total;
}

}  // namespace expandnet
