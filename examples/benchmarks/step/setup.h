// setup.h: the circumstances under which ways to train are compared.
#pragma once

#include <c10/core/Device.h>
#include <expandnet/train/precision.h>

#include <cstdint>
#include <string>
#include <vector>

#include "command_line/named.h"

namespace expandnet::examples::bench {

using train::Precision;

/// How the network is trained, or run.
enum class Way {
  kCompact,      ///< not expanded at all: what all others are measured by
  kWeightSpace,  ///< the compact network, with an Expansion beside it
  kFolded,       ///< expanded modules that fold
  kChained,      ///< expanded modules that run each factor over feature maps
};

enum class Layout { kContiguous, kChannelsLast };

enum class Mode {
  kEager,
  kGraph,  ///< a whole training step captured once; CUDA only
};

inline constexpr Named<Way> kWays[] = {{Way::kCompact, "compact"},
                                       {Way::kWeightSpace, "weight-space"},
                                       {Way::kFolded, "folded"},
                                       {Way::kChained, "chained"}};
inline constexpr Named<Layout> kLayouts[] = {
    {Layout::kContiguous, "contiguous"},
    {Layout::kChannelsLast, "channels_last"}};
inline constexpr Named<Mode> kModes[] = {{Mode::kEager, "eager"},
                                         {Mode::kGraph, "graph"}};

/// What all ways of one comparison share.
struct Setup {
  std::string net;
  c10::Device device = c10::kCPU;
  Precision precision = Precision::kFloat32;
  Layout layout = Layout::kContiguous;
  Mode mode = Mode::kEager;
  std::int64_t batch = 128;
  std::int64_t image_size = 0;  ///< side in pixels; 0: the net's own
  std::uint64_t seed = 0;
  bool overlap = false;  ///< as train::StepOptions has it
  bool narrow = true;    ///< the chains in weight space (fold/narrow.h)
};

}  // namespace expandnet::examples::bench
