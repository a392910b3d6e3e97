// compose.h: two linear layers become one, and the gradient's way back.
//
// A kernel is held as [groups, out, taps, in], the channels of one group, the
// taps row-major over the spatial dimensions, and its bias as [groups, out].
// Two kernels of which one has a single tap compose by one matrix product,
// without moving a number. Where both are spatial, the product is summed along
// a + b = t.
//
// Their groups may differ, if one number divides the other: the composition is
// a product for each group of the finer one and has the groups of the coarser
// one. So a depthwise kernel is never written as a block-diagonal matrix.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace expandnet {

struct Kernel {
  at::Tensor weight;                ///< [groups, out, taps, in]
  at::Tensor bias;                  ///< [groups, out], or undefined
  std::vector<std::int64_t> sides;  ///< one per spatial dimension
};

/// [out, in / groups, *sides] as a kernel's weight: a view if memory is
/// channels_last.
at::Tensor to_kernel(const at::Tensor& weight, std::int64_t groups);

/// The inverse of `to_kernel`: always a view of contiguous kernels.
at::Tensor from_kernel(const at::Tensor& weight,
                       const std::vector<std::int64_t>& sides);

/// [out, in / groups, *k] to LibTorch's layout for transposed convolutions,
/// [in, out / groups, *k], and back, given the channels in front.
at::Tensor swap_channels(const at::Tensor& weight, std::int64_t groups);

/// A kernel's weight with finer groups, each of which reads its own inputs:
/// [g, out, taps, (r in)] as [(g r), out, taps, in]. A copy where the groups
/// differ.
at::Tensor split_inputs(const at::Tensor& kernel, std::int64_t groups);
/// The inverse.
at::Tensor join_inputs(const at::Tensor& kernel, std::int64_t groups);
/// With other groups, which share the outputs among them: a view.
at::Tensor group_outputs(const at::Tensor& kernel, std::int64_t groups);

/// outer o inner:
///
///     weight[o, t, i] = sum_m sum_{a+b=t} outer[o, a, m] inner[m, b, i]
///     bias[o] = sum_m sum_a outer[o, a, m] inner.bias[m] + outer.bias[o]
Kernel compose(const Kernel& outer, const Kernel& inner);

struct ComposeGradients {
  Kernel outer;
  Kernel inner;
};

/// Which of the two gradients are computed.
struct ComposeNeeds {
  bool outer = true;
  bool inner = true;
};

/// Gradients of `compose` given that of its result, whose bias may be
/// undefined; undefined where not needed.
ComposeGradients compose_backward(const Kernel& outer, const Kernel& inner,
                                  const Kernel& grad, ComposeNeeds needs = {});

/// Calls `add(into, from)` for the views of which each `from`, a part of the
/// products of two spatial kernels [g, (out a), (b in)], has to be added to its
/// `into`, a part of their composition [g, out, taps, in].
void for_each_shift(const at::Tensor& products, const at::Tensor& sum,
                    const std::vector<std::int64_t>& outer,
                    const std::vector<std::int64_t>& inner,
                    const std::function<void(const at::Tensor& into,
                                             const at::Tensor& from)>& add);

/// The transpose of that: a view [g, out, *a, *b, in] of the composition's
/// gradient, every (a, b) holding the value at t = a + b.
at::Tensor shifted_windows(const at::Tensor& grad,
                           const std::vector<std::int64_t>& outer,
                           const std::vector<std::int64_t>& inner);

}  // namespace expandnet
