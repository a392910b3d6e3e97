// draw_key.h: the key that determines random numbers.
#pragma once

#include <cstdint>

namespace expandnet::data {

/// Random numbers for an image depend only on this key.
struct DrawKey {
  std::uint64_t seed = 0;
  std::int64_t epoch = 0;
  std::int64_t index = 0;  ///< of the image in its set, in any order of reading
};

}  // namespace expandnet::data
