// arguments.h: the command line.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "benchmarks/step/setup.h"

namespace expandnet::examples::bench {

/// Defaults are those of `--help`.
struct Arguments {
  std::vector<std::string> nets;  ///< of nets.h; the small ones
  c10::Device device = c10::kCPU;
  std::vector<Precision> precisions = {Precision::kFloat32};
  std::vector<Layout> layouts = {Layout::kContiguous, Layout::kChannelsLast};
  std::vector<Way> ways;    ///< all
  std::vector<Mode> modes;  ///< eager; on CUDA graph too
  bool train = true;
  bool infer = true;
  bool overhead = true;
  bool overlap = false;  ///< as train::StepOptions has it; on CUDA true
  bool narrow = true;    ///< the chains in weight space
  std::int64_t batch = 128;
  std::int64_t image_size = 0;  ///< 0: the net's own
  int iterations = 0;           ///< samples of each way; 0: 30, on CUDA 50
  int threads = 1;
  std::uint64_t seed = 0;
  std::string json;  ///< a file; "": none
};

/// Returns the arguments, or the status to exit with: 0 after `--help`, 2 after
/// an error, whose message is on stderr by then.
std::variant<Arguments, int> parse(int argc, const char* const* argv);

}  // namespace expandnet::examples::bench
