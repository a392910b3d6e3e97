// splitmix.h: random bits from a counter, the same on every platform.
#pragma once

#include <cstdint>

namespace expandnet {

/// The step of SplitMix64's counter (Steele et al., 2014): odd, and close to
/// 2^64 divided by the golden ratio.
inline constexpr std::uint64_t kSplitMixStep = 0x9E3779B97F4A7C15U;

/// SplitMix64's mixing function: every bit of the result depends on all input
/// bits. Not for cryptography.
[[nodiscard]] constexpr std::uint64_t splitmix(std::uint64_t bits) {
  bits = (bits ^ bits >> 30U) * 0xBF58476D1CE4E5B9U;
  bits = (bits ^ bits >> 27U) * 0x94D049BB133111EBU;
  return bits ^ bits >> 31U;
}

}  // namespace expandnet
