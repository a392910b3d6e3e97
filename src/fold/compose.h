// compose.h: the product of two kernels, and its transpose.
//
// A kernel is held as [groups, out, taps, in], the channels of one group, the
// taps row-major over the spatial dimensions. Two kernels of which one has a
// single tap compose by one matrix product, without moving a number. Where both
// are spatial, the product is summed along a + b = t.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/fold/plan.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace expandnet {

struct Kernel {
  at::Tensor weight;                ///< [groups, out, taps, in]
  std::vector<std::int64_t> sides;  ///< one per spatial dimension
};

/// [out, in / groups, *sides] as a kernel: a view if memory is channels_last.
Kernel to_kernel(const at::Tensor& weight, std::int64_t groups);

/// The inverse of `to_kernel`: always a view of contiguous kernels.
at::Tensor from_kernel(const Kernel& kernel);

/// [out, in / groups, *k] to LibTorch's layout for transposed convolutions,
/// [in, out / groups, *k], and back, given the channels in front.
at::Tensor swap_channels(const at::Tensor& weight, std::int64_t groups);

/// (outer o inner)[o, t, i] = sum_m sum_{a+b=t} outer[o, a, m] inner[m, b, i].
/// Written into `reuse` if that is defined.
Kernel compose(const Kernel& outer, const Kernel& inner,
               const at::Tensor& reuse = {});

/// Gradients of `compose` for (outer, inner), given that of its result. Written
/// into the members of `reuse` that are defined.
std::pair<at::Tensor, at::Tensor> compose_backward(
    const Kernel& outer, const Kernel& inner, const at::Tensor& grad,
    const std::pair<at::Tensor, at::Tensor>& reuse = {});

/// One composition: node `result` = nodes[outer] o nodes[inner]. Nodes 0 ...
/// l-1 are the factors, the rest the compositions in order.
struct Composition {
  std::size_t outer;
  std::size_t inner;
  std::vector<std::int64_t> sides;  ///< of the result
};

/// The order of compositions that needs the fewest multiplications; the order
/// of factors is given, so this is the matrix chain problem.
std::vector<Composition> cheapest_order(const Plan& plan);

}  // namespace expandnet
