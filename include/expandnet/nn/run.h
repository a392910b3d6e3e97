// run.h: a compact layer, and a chain, over feature maps.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/fold/fold.h>

#include <optional>
#include <vector>

namespace expandnet {

/// Returns the layer's output for `input` [N, in, *spatial], [in, *spatial], or
/// [..., in] for a linear layer. `affine` is in LibTorch's shape.
///
/// `output_size` (transposed only, one entry per spatial dimension) chooses
/// among the sizes that a strided convolution maps to the same input, in place
/// of the layer's output padding. Throws `c10::Error` if it is out of reach.
[[nodiscard]] at::Tensor run_compact(
    const CompactLayer& layer, const Affine& affine, const at::Tensor& input,
    const std::optional<at::IntArrayRef>& output_size = std::nullopt);

/// Returns the same output, computed factor by factor, and summed over the
/// branches. The whole padding precedes the first factor (a transposed chain is
/// cropped after the last).
/// With an `activation` between the factors it is the nonlinear twin's.
[[nodiscard]] at::Tensor run_chain(
    const Plan& plan, const std::vector<Affine>& factors,
    const at::Tensor& input, const Activation& activation = nullptr,
    const std::optional<at::IntArrayRef>& output_size = std::nullopt);

/// Multiply-adds for one sample of `input_size` (spatial sizes only, empty for
/// a linear layer) of the compact layer ...
[[nodiscard]] std::int64_t multiply_adds(const CompactLayer& layer,
                                         at::IntArrayRef input_size);
/// ... and of its chain over feature maps.
[[nodiscard]] std::int64_t multiply_adds(const Plan& plan,
                                         at::IntArrayRef input_size);

}  // namespace expandnet
