// run.h: runs a compact layer, or a chain, over feature maps.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>
#include <expandnet/fold/fold.h>

#include <optional>
#include <vector>

namespace expandnet {

/// Returns the layer's output for `input` [N, in, *spatial], [in, *spatial], or
/// [..., in] for a linear layer. `affine` is in LibTorch's shape.
///
/// `output_size` (transposed layers only, one entry per spatial dimension)
/// chooses among the sizes that a strided convolution maps to the size of
/// `input`; it replaces the layer's output padding. Throws `c10::Error` if the
/// size is not possible.
[[nodiscard]] EXPANDNET_API at::Tensor run_compact(
    const CompactLayer& layer, const Affine& affine, const at::Tensor& input,
    const std::optional<at::IntArrayRef>& output_size = std::nullopt);

/// Returns the same output, computed factor by factor and summed over the
/// branches. The whole padding is applied before the first factor (a transposed
/// chain is cropped after the last factor). With an `activation` between the
/// factors the output is that of the nonlinear twin.
[[nodiscard]] EXPANDNET_API at::Tensor run_chain(
    const Plan& plan, const std::vector<Affine>& factors,
    const at::Tensor& input, const Activation& activation = nullptr,
    const std::optional<at::IntArrayRef>& output_size = std::nullopt);

/// Multiply-adds of the compact layer for one sample of `input_size` (only the
/// spatial sizes; empty for a linear layer).
[[nodiscard]] EXPANDNET_API std::int64_t multiply_adds(
    const CompactLayer& layer, at::IntArrayRef input_size);
/// Multiply-adds of its chain, run over the feature maps of such a sample.
[[nodiscard]] EXPANDNET_API std::int64_t multiply_adds(
    const Plan& plan, at::IntArrayRef input_size);

}  // namespace expandnet
