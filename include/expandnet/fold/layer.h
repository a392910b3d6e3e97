// layer.h: a description of the compact layer for the mathematics.
//
// Convolutions in any number of dimensions, transposed convolutions and linear
// layers differ only in the numbers below: a linear layer is a convolution with
// no spatial dimensions. Everything in fold/ uses only this description.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/fold/site.h>

#include <cstdint>
#include <vector>

namespace expandnet {

/// How the input is continued beyond its border: LibTorch's four modes.
enum class PaddingMode { kZeros, kReflect, kReplicate, kCircular };

/// LibTorch's name for it: "constant", "reflect", "replicate" or "circular".
[[nodiscard]] EXPANDNET_API const char* name(PaddingMode mode);

/// The shape of one compact layer. The lists hold one entry per spatial
/// dimension and are empty for a linear layer.
struct EXPANDNET_API CompactLayer {
  std::int64_t in_channels = 0;
  std::int64_t out_channels = 0;
  std::vector<std::int64_t> kernel_size;
  std::vector<std::int64_t> stride;
  std::vector<std::int64_t> dilation;
  /// Pixels that are added before and after the input of a convolution, or
  /// cropped from the full output of a transposed convolution. The two differ
  /// only for `kSame` padding of an even extent.
  std::vector<std::int64_t> padding_before;
  std::vector<std::int64_t> padding_after;
  std::vector<std::int64_t> output_padding;  ///< transposed only
  PaddingMode padding_mode = PaddingMode::kZeros;
  std::int64_t groups = 1;
  bool bias = true;
  bool transposed = false;

  /// 0 for a linear layer, 1 to 3 for a convolution.
  [[nodiscard]] std::int64_t spatial_dims() const {
    return static_cast<std::int64_t>(kernel_size.size());
  }
  /// LibTorch's shape of the weight: [out, in / groups, *kernel], or
  /// [in, out / groups, *kernel] for a transposed convolution.
  [[nodiscard]] std::vector<std::int64_t> weight_sizes() const;
  /// Numbers in the weight and the bias.
  [[nodiscard]] std::int64_t parameter_count() const;
};

/// A linear layer, `y = weight x + bias`.
[[nodiscard]] EXPANDNET_API CompactLayer linear_layer(std::int64_t in_features,
                                                      std::int64_t out_features,
                                                      bool bias = true);

/// Throws `c10::Error` unless channels, groups, kernel, stride and dilation are
/// positive, padding is not negative, channels divide by groups, and every list
/// has one entry per spatial dimension.
EXPANDNET_API void check_layer(const CompactLayer& layer,
                               const Site& site = {"layer", ""});

}  // namespace expandnet
