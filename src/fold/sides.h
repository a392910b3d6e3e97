// sides.h: arithmetic of the sides of kernels, one per spatial dimension.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <vector>

namespace expandnet {

using Sides = std::vector<std::int64_t>;

/// Their product; 1 for no sides at all.
inline std::int64_t taps_of(const Sides& sides) {
  return std::accumulate(sides.begin(), sides.end(), std::int64_t{1},
                         std::multiplies<>());
}

/// Of the one kernel that two after another make.
inline Sides composed_sides(const Sides& outer, const Sides& inner) {
  Sides sides(outer.size());
  for (std::size_t d = 0; d < sides.size(); ++d) {
    sides[d] = outer[d] + inner[d] - 1;
  }
  return sides;
}

}  // namespace expandnet
