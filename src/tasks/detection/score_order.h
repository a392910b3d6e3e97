// score_order.h: floats as integers, to sort by.
#pragma once

#include <cstdint>
#include <cstring>

namespace expandnet::tasks {

/// The higher the score, the smaller: for any two numbers, infinite ones too.
[[nodiscard]] inline std::uint32_t descending(float score) {
  if (score == 0) score = 0;  // that of -0
  std::uint32_t bits = 0;
  std::memcpy(&bits, &score, sizeof bits);
  return (bits & 0x80000000U) != 0 ? bits : ~(bits | 0x80000000U);
}

}  // namespace expandnet::tasks
