// totals.h: what is said of all tensors of a file together.
#pragma once

#include <expandnet/io/weights.h>

#include <cstdint>

namespace expandnet::examples {

std::int64_t numbers_in(const Weights& weights);

/// Says whose places averages take.
void tell_averages(const NamedTensors& averages);

}  // namespace expandnet::examples
