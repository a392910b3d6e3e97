// score_order.h: maps floats to integers, for sorting.
#pragma once

#include <cstdint>
#include <cstring>

namespace expandnet::tasks {

/// Maps higher scores to smaller integers, for all numbers including
/// infinities.
[[nodiscard]] inline std::uint32_t descending(float score) {
  if (score == 0) score = 0;  // -0 is equal to 0
  std::uint32_t bits = 0;
  std::memcpy(&bits, &score, sizeof bits);
  return (bits & 0x80000000U) != 0 ? bits : ~(bits | 0x80000000U);
}

}  // namespace expandnet::tasks
