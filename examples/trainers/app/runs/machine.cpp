#include "trainers/app/runs/machine.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <torch/cuda.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>

#include "base/error.h"

namespace expandnet::examples {

namespace {

/// The other processes, if there are any.
std::shared_ptr<distributed::ProcessGroup> connect(const Settings& settings,
                                                   bool cuda) {
  if (!distributed::ProcessGroup::in_environment()) return nullptr;
  TORCH_CHECK(settings.by_ranks,
              "this program trains in one process, got RANK or WORLD_SIZE in "
              "the environment; start it by itself");
  distributed::ProcessGroupOptions options;
  options.device = cuda ? c10::kCUDA : c10::kCPU;
  options.timeout = std::chrono::seconds(settings.timeout);
  std::shared_ptr<distributed::ProcessGroup> ranks =
      distributed::ProcessGroup::from_environment(options);
  TORCH_CHECK(
      settings.batch_size % ranks->size() == 0,
      error_message("--batch-size", "must be divisible by the number of ranks",
                    std::to_string(settings.batch_size) + " for " +
                        std::to_string(ranks->size())));
  return ranks;
}

}  // namespace

std::int64_t cores_per_rank() {
  const std::int64_t cores = std::thread::hardware_concurrency();
  const auto* processes = std::getenv("LOCAL_WORLD_SIZE");  // torchrun's
  const auto sharing = processes == nullptr ? 1 : std::atoll(processes);
  return std::max<std::int64_t>(1, cores / std::max(sharing, 1LL));
}

void on_first(const Machine& machine, const std::function<void()>& action) {
  if (!machine.ranks) return action();
  std::string error;
  if (machine.is_first()) {
    try {
      action();
    } catch (const std::exception& refused) {
      error = message_of(refused);
    }
  }
  error = machine.ranks->broadcast(error);
  TORCH_CHECK(error.empty(), error);
}

Machine set_up(const Settings& settings, std::int64_t runs) {
  Machine machine;
  const bool has_cuda = torch::cuda::is_available();
  TORCH_CHECK(
      settings.device != DeviceChoice::kCUDA || has_cuda,
      error_message("--device", "cuda needs a GPU that LibTorch can use",
                    "none", "use cpu"));
  const bool cuda = has_cuda && settings.device != DeviceChoice::kCPU;
  machine.ranks = connect(settings, cuda);
  machine.device = machine.ranks ? machine.ranks->device()
                   : cuda        ? c10::Device(c10::kCUDA, 0)
                                 : c10::Device(c10::kCPU);
  machine.precision = settings.precision;
  TORCH_CHECK(
      machine.precision != train::Precision::kTF32 || cuda,
      error_message("--precision", "tf32 needs CUDA", "cpu", "use fp32"));
  train::set_tf32(machine.precision);
  const bool channels_last =
      settings.memory_format == MemoryFormatChoice::kAuto
          ? !cuda || machine.precision == train::Precision::kBFloat16
          : settings.memory_format == MemoryFormatChoice::kChannelsLast;
  machine.memory_format = channels_last ? c10::MemoryFormat::ChannelsLast
                                        : c10::MemoryFormat::Contiguous;
  const auto cores = cores_per_rank();
  machine.jobs = settings.jobs > 0 ? settings.jobs : cuda ? runs : cores;
  machine.jobs = machine.ranks ? 1 : std::min(machine.jobs, runs);
  const auto share =
      cuda ? cores : std::max<std::int64_t>(1, cores / machine.jobs);
  machine.threads =
      static_cast<int>(settings.threads > 0 ? settings.threads : share);
  at::set_num_threads(machine.threads);
  at::globalContext().setBenchmarkCuDNN(true);
  return machine;
}

}  // namespace expandnet::examples
