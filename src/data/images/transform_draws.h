// transform_draws.h: what transforms with boxes and with masks draw alike.
#pragma once

#include <cstdint>

#include "data/images/counter_random.h"

namespace expandnet::data {

/// An axis of a crop: a stretch of the image, and where in the picture it goes.
struct PlacedAxis {
  std::int64_t from = 0;
  std::int64_t length = 0;
  std::int64_t to = 0;
  std::int64_t placed_length = 0;
};

/// A factor from 1 to `most`, or its inverse.
[[nodiscard]] inline double draw_factor(double most, CounterRandom& random) {
  const auto factor = 1 + (most - 1) * random.uniform();
  return random.below(2) == 1 ? factor : 1 / factor;
}

}  // namespace expandnet::data
