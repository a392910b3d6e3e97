// counter_random.h: random numbers that depend only on a key.
#pragma once

#include <expandnet/data/images/draw_key.h>

#include <cstdint>

#include "base/splitmix.h"

namespace expandnet::data {

/// The random numbers of one `DrawKey`: the same on every platform, for any
/// order of keys and on any thread. Not for cryptography.
class CounterRandom {
 public:
  explicit CounterRandom(const DrawKey& key)
      : counter_(splitmix(splitmix(splitmix(key.seed) +
                                   static_cast<std::uint64_t>(key.epoch)) +
                          static_cast<std::uint64_t>(key.index))) {}

  /// From 0 to 1, excluding 1, in steps of 2^-53.
  [[nodiscard]] double uniform() {
    return static_cast<double>(next() >> 11U) * 0x1p-53;
  }
  /// From 0 to `bound` - 1; `bound` is at most 2^32. Some numbers are more
  /// likely than others by up to `bound` / 2^32, which does not matter here.
  [[nodiscard]] std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(
        (next() >> 32U) * static_cast<std::uint64_t>(bound) >> 32U);
  }

 private:
  [[nodiscard]] std::uint64_t next() {
    counter_ += kSplitMixStep;
    return splitmix(counter_);
  }

  std::uint64_t counter_;
};

}  // namespace expandnet::data
