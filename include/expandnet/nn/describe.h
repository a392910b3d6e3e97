// describe.h: turns LibTorch's layer options into a CompactLayer.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/fold/layer.h>
#include <torch/nn/options/conv.h>
#include <torch/nn/options/linear.h>

#include <cstddef>

namespace expandnet {

/// Resolves padding (integer, kSame, kValid) and padding mode into numbers as
/// PyTorch does. LibTorch up to 2.11 differs: it swaps the sides of a
/// non-square kernel padded with kSame in a mode other than zeros. Throws
/// `c10::Error` for kSame with a stride, as LibTorch does.
template <std::size_t D>
[[nodiscard]] EXPANDNET_API CompactLayer
describe(const torch::nn::ConvOptions<D>& options,
         const Site& site = {"describe", ""});

template <std::size_t D>
[[nodiscard]] EXPANDNET_API CompactLayer
describe(const torch::nn::ConvTransposeOptions<D>& options,
         const Site& site = {"describe", ""});

/// Takes the options that LibTorch's own convolution modules store, transposed
/// or not.
template <std::size_t D>
[[nodiscard]] EXPANDNET_API CompactLayer
describe(const torch::nn::detail::ConvNdOptions<D>& options,
         const Site& site = {"describe", ""});

[[nodiscard]] EXPANDNET_API CompactLayer
describe(const torch::nn::LinearOptions& options);

}  // namespace expandnet
