#include "benchmarks/step/arguments.h"

#include <torch/cuda.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "benchmarks/step/nets.h"
#include "command_line/checks.h"
#include "command_line/command_line.h"

namespace expandnet::examples::bench {

namespace {

/// What the flags are read into before they are understood.
struct Words {
  std::string device = "auto";
  std::string phase = "all";
  std::vector<std::string> precisions = {"fp32"};
  std::vector<std::string> layouts = names_in(kLayouts);
  std::vector<std::string> ways = names_in(kWays);
  std::vector<std::string> modes;
};

void understand(const Words& words, Arguments& arguments) {
  const bool has_cuda = torch::cuda::is_available();
  if (words.device == "cuda" && !has_cuda) {
    throw CLI::ValidationError("--device", "cuda needs a GPU, got none");
  }
  const bool cuda = has_cuda && words.device != "cpu";
  arguments.device = cuda ? c10::Device(c10::kCUDA, 0) : c10::Device(c10::kCPU);

  arguments.precisions = values_in(kPrecisions, words.precisions);
  arguments.layouts = values_in(kLayouts, words.layouts);
  arguments.ways = values_in(kWays, words.ways);
  arguments.modes = values_in(kModes, words.modes);
  if (arguments.modes.empty()) {
    arguments.modes = {Mode::kEager};
    if (cuda) arguments.modes.push_back(Mode::kGraph);
  }
  for (const auto precision : arguments.precisions) {
    if (precision == Precision::kTF32 && !cuda) {
      throw CLI::ValidationError("--precision", "tf32 needs CUDA, got cpu");
    }
  }
  for (const auto mode : arguments.modes) {
    if (mode == Mode::kGraph && !cuda) {
      throw CLI::ValidationError("--mode", "graph needs CUDA, got cpu");
    }
  }

  // A graph is of a training step.
  if (words.phase == "infer" || words.phase == "overhead") {
    auto& modes = arguments.modes;
    modes.erase(std::remove(modes.begin(), modes.end(), Mode::kGraph),
                modes.end());
    if (modes.empty()) {
      throw CLI::ValidationError("--mode",
                                 words.phase + " is eager, got graph");
    }
  }

  const bool all = words.phase == "all";
  arguments.train = all || words.phase == "train";
  arguments.infer = all || words.phase == "infer";
  arguments.overhead = all || words.phase == "overhead";
  if (arguments.iterations == 0) arguments.iterations = cuda ? 50 : 30;
}

/// Refuses an `--execution` that leaves nothing to measure.
void check_ways(const Arguments& arguments) {
  const bool only_infers =
      arguments.infer && !arguments.train && !arguments.overhead;
  if (only_infers && ways_to_infer(arguments.ways).empty()) {
    throw CLI::ValidationError(
        "--execution",
        "must be more than weight-space, which is compact in --phase infer, "
        "got nothing to measure");
  }
}

}  // namespace

std::variant<Arguments, int> parse(int argc, const char* const* argv) {
  Arguments arguments;
  arguments.nets = default_net_names();
  Words words;

  CLI::App app(
      "Times whole training steps of one network trained as it is, in weight "
      "space, and as expanded modules, folded and chained.",
      "expandnet-bench");
  app.option_defaults()->always_capture_default();
  app.add_option("--net", arguments.nets,
                 "networks; those for ImageNet take a while")
      ->check(CLI::IsMember(net_names()));
  app.add_option("--device", words.device)
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}));
  app.add_option("--precision", words.precisions, "tf32 on CUDA only")
      ->check(CLI::IsMember(names_in(kPrecisions)));
  app.add_option("--layout", words.layouts, "memory format")
      ->check(CLI::IsMember(names_in(kLayouts)));
  app.add_option("--execution", words.ways, "ways to train")
      ->check(CLI::IsMember(names_in(kWays)));
  app.add_option("--mode", words.modes,
                 "graph on CUDA only; eager, and on CUDA both, by default")
      ->check(CLI::IsMember(names_in(kModes)));
  app.add_option("--phase", words.phase, "what to time")
      ->check(CLI::IsMember({"train", "infer", "overhead", "all"}));
  app.add_option("--batch-size", arguments.batch)->check(positive());
  app.add_option("--image-size", arguments.image_size,
                 "side in pixels; 0: the network's own")
      ->check(not_negative());
  app.add_option("--iterations", arguments.iterations,
                 "samples of each way; 0: 30, on CUDA 50 of 10 steps each")
      ->check(not_negative());
  const auto* overlap = app.add_flag(
      "--overlap,!--no-overlap", arguments.overlap,
      "in weight space step each chain within the backward pass; by default "
      "on CUDA");
  app.add_flag("--narrow,!--no-narrow", arguments.narrow,
               "in weight space keep only the width that sgd can tell apart");
  app.add_option("--threads", arguments.threads)
      ->check(from_to(1, kMostThreads));
  app.add_option("--seed", arguments.seed);
  app.add_option("--json", arguments.json, "file for the results");

  try {
    app.parse(argc, argv);
    understand(words, arguments);
    check_ways(arguments);
    if (overlap->count() == 0) arguments.overlap = arguments.device.is_cuda();
  } catch (const CLI::ParseError& error) {
    return status_after(app, error);
  }
  return arguments;
}

}  // namespace expandnet::examples::bench
