// factor_shape.h: the shape of one linear layer of a chain.
#pragma once

#include <expandnet/base/export.h>

#include <cstdint>
#include <vector>

namespace expandnet {

/// Where the weight of a factor starts.
enum class FactorStart {
  kDrawn,     ///< random, as the options say
  kConstant,  ///< `constant` everywhere: scales, averages, identities
  kCosine,    ///< a cosine of another frequency for each channel (the prior of
              ///< OREPA, see Strategy::kOREPA)
};

/// The shape of one factor. Its weight is [out, in / groups, *kernel_size], of
/// transposed convolutions too; the dilation is that of the layer.
struct EXPANDNET_API FactorShape {
  std::int64_t in_channels = 0;
  std::int64_t out_channels = 0;
  std::vector<std::int64_t> kernel_size;
  std::vector<std::int64_t> stride;
  bool bias = true;
  /// The layer's, or those of the factor itself: as many as channels make it
  /// depthwise. Of two neighbours one number divides the other.
  std::int64_t groups = 1;
  /// Not trained: a buffer in place of a parameter.
  bool fixed = false;
  /// The factor computes x + weight x. It then keeps the channels and has one
  /// tap, and weight decay acts on the part beside the identity.
  bool adds_identity = false;
  FactorStart start = FactorStart::kDrawn;
  double constant = 0;  ///< of FactorStart::kConstant

  /// Product of the kernel's sides.
  [[nodiscard]] std::int64_t taps() const;
  /// [out, in / groups, *kernel_size].
  [[nodiscard]] std::vector<std::int64_t> weight_sizes() const;
};

}  // namespace expandnet
