// counter_random.h: random numbers that depend on where they are used alone.
#pragma once

#include <expandnet/data/images/image_transforms.h>

#include <cstdint>

namespace expandnet::data {

/// Numbers for one `DrawKey`: the same on every platform, in whatever order
/// and on whichever thread keys are used. Not for secrets.
class CounterRandom {
 public:
  explicit CounterRandom(const DrawKey& key)
      : counter_(
            mix(mix(mix(key.seed) + static_cast<std::uint64_t>(key.epoch)) +
                static_cast<std::uint64_t>(key.index))) {}

  /// From 0 to 1, 1 excluded, in steps of 2^-53.
  [[nodiscard]] double uniform() {
    return static_cast<double>(next() >> 11U) * 0x1p-53;
  }
  /// From 0 to `bound` - 1; `bound` is at most 2^32. Some numbers are likelier
  /// than others by up to `bound` / 2^32: too little to matter here.
  [[nodiscard]] std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(
        (next() >> 32U) * static_cast<std::uint64_t>(bound) >> 32U);
  }

 private:
  /// The step and the mixing function of SplitMix64 (Steele et al., 2014).
  [[nodiscard]] std::uint64_t next() {
    counter_ += 0x9E3779B97F4A7C15U;
    return mix(counter_);
  }
  [[nodiscard]] static std::uint64_t mix(std::uint64_t bits) {
    bits = (bits ^ bits >> 30U) * 0xBF58476D1CE4E5B9U;
    bits = (bits ^ bits >> 27U) * 0x94D049BB133111EBU;
    return bits ^ bits >> 31U;
  }

  std::uint64_t counter_;
};

}  // namespace expandnet::data
