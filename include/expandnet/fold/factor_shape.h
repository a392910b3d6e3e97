// factor_shape.h: the shape of one linear layer of a chain.
#pragma once

#include <expandnet/base/export.h>

#include <cstdint>
#include <vector>

namespace expandnet {

/// Initial values of a factor's weight.
enum class FactorStart {
  kDrawn,     ///< random, according to the options
  kConstant,  ///< `constant` everywhere: scales, averages, identities
  kCosine,    ///< a cosine of another frequency for each channel (the prior of
              ///< OREPA, see Strategy::kOREPA)
};

/// The shape of one factor. Its weight is [out, in / groups, *kernel_size],
/// also for transposed convolutions; the dilation is that of the layer.
struct EXPANDNET_API FactorShape {
  std::int64_t in_channels = 0;
  std::int64_t out_channels = 0;
  std::vector<std::int64_t> kernel_size;
  std::vector<std::int64_t> stride;
  bool bias = true;
  /// The layer's groups, or the factor's own: as many groups as channels make
  /// it depthwise. Of two neighbouring factors, one number divides the other.
  std::int64_t groups = 1;
  /// Whether the weight is a buffer that is not trained.
  bool fixed = false;
  /// Whether the factor computes x + weight x. It then keeps the number of
  /// channels and has one tap, and weight decay does not act on the identity.
  bool adds_identity = false;
  FactorStart start = FactorStart::kDrawn;
  double constant = 0;  ///< for FactorStart::kConstant

  /// Product of the kernel's sides.
  [[nodiscard]] std::int64_t taps() const;
  /// [out, in / groups, *kernel_size].
  [[nodiscard]] std::vector<std::int64_t> weight_sizes() const;
};

}  // namespace expandnet
