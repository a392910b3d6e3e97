// epoch_generator.h: the random numbers of an epoch.
#pragma once

#include <ATen/CPUGeneratorImpl.h>

#include <cstdint>

#include "base/splitmix.h"

namespace expandnet::data {

/// One generator per epoch: epochs can be drawn in any order.
inline at::Generator epoch_generator(std::uint64_t seed, std::int64_t epoch) {
  // Any odd constant spreads neighbouring epochs over the seeds.
  return at::make_generator<at::CPUGeneratorImpl>(
      seed + kSplitMixStep * (static_cast<std::uint64_t>(epoch) + 1));
}

}  // namespace expandnet::data
