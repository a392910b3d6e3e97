// epoch_generator.h: a random number generator for each epoch.
#pragma once

#include <ATen/CPUGeneratorImpl.h>

#include <cstdint>

#include "base/splitmix.h"

namespace expandnet::data {

/// Returns the generator of an epoch, so that epochs can be drawn in any order.
inline at::Generator epoch_generator(std::uint64_t seed, std::int64_t epoch) {
  // Any odd constant spreads neighbouring epochs over the seeds.
  return at::make_generator<at::CPUGeneratorImpl>(
      seed + kSplitMixStep * (static_cast<std::uint64_t>(epoch) + 1));
}

}  // namespace expandnet::data
