// setup.h: the circumstances under which ways to train are compared.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::bench {

/// How the network is trained, or run.
enum class Way {
  kCompact,      ///< not expanded at all: what all others are measured by
  kWeightSpace,  ///< the compact network, with an Expansion beside it
  kFolded,       ///< expanded modules that fold
  kChained,      ///< expanded modules that run each factor over feature maps
};

enum class Precision {
  kFP32,  ///< TF32 off
  kTF32,  ///< CUDA only
  kBF16,  ///< autocast over weights in fp32
};

enum class Layout { kContiguous, kChannelsLast };

enum class Mode {
  kEager,
  kGraph,  ///< a whole training step captured once; CUDA only
};

/// The values by the names they have in flags, tables and JSON.
template <typename Value>
struct Named {
  Value value;
  const char* name;
};
inline constexpr Named<Way> kWays[] = {{Way::kCompact, "compact"},
                                       {Way::kWeightSpace, "weight-space"},
                                       {Way::kFolded, "folded"},
                                       {Way::kChained, "chained"}};
inline constexpr Named<Precision> kPrecisions[] = {{Precision::kFP32, "fp32"},
                                                   {Precision::kTF32, "tf32"},
                                                   {Precision::kBF16, "bf16"}};
inline constexpr Named<Layout> kLayouts[] = {
    {Layout::kContiguous, "contiguous"},
    {Layout::kChannelsLast, "channels_last"}};
inline constexpr Named<Mode> kModes[] = {{Mode::kEager, "eager"},
                                         {Mode::kGraph, "graph"}};

/// The name of `value` in `table`, one of the above.
template <typename Value, std::size_t N>
std::string name_in(const Named<Value> (&table)[N], Value value) {
  for (const auto& entry : table) {
    if (entry.value == value) return entry.name;
  }
  return "";
}

/// What all ways of one comparison share.
struct Setup {
  std::string net;
  c10::Device device = c10::kCPU;
  Precision precision = Precision::kFP32;
  Layout layout = Layout::kContiguous;
  Mode mode = Mode::kEager;
  std::int64_t batch = 128;
  std::int64_t image_size = 0;  ///< side in pixels; 0: the net's own
  std::uint64_t seed = 0;
};

}  // namespace expandnet::bench
