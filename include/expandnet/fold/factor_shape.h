// factor_shape.h: the shape of one linear layer of a chain.
#pragma once

#include <cstdint>
#include <vector>

namespace expandnet {

/// The shape of one factor. Its weight is [out, in / groups, *kernel_size], of
/// transposed convolutions too; groups and dilation are those of the layer.
struct FactorShape {
  std::int64_t in_channels = 0;
  std::int64_t out_channels = 0;
  std::vector<std::int64_t> kernel_size;
  std::vector<std::int64_t> stride;
  bool bias = true;

  /// Product of the kernel's sides.
  [[nodiscard]] std::int64_t taps() const;
};

}  // namespace expandnet
