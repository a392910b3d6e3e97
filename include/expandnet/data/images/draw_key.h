// draw_key.h: what a random number depends on.
#pragma once

#include <cstdint>

namespace expandnet::data {

/// What a random crop depends on, and nothing else.
struct DrawKey {
  std::uint64_t seed = 0;
  std::int64_t epoch = 0;
  std::int64_t index = 0;  ///< of the image in its set, whatever the order
};

}  // namespace expandnet::data
