#include "measuring/device.h"

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <torch/cuda.h>

#include <algorithm>
#include <fstream>
#include <memory>

namespace expandnet::examples {

namespace {

std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const auto colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return "CPU";
}

/// Adds up what LibTorch's CPU allocator reports of this thread.
class CpuMemory : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void* /*pointer*/, std::int64_t size,
                         std::size_t /*total_allocated*/,
                         std::size_t /*total_reserved*/,
                         c10::Device device) override {
    if (!device.is_cpu()) return;
    current_ += size;
    peak_ = std::max(peak_, current_);
  }
  [[nodiscard]] bool memoryProfilingEnabled() const override { return true; }

  void reset_peak() { peak_ = current_; }
  [[nodiscard]] std::int64_t peak() const { return peak_; }

 private:
  std::int64_t current_ = 0;
  std::int64_t peak_ = 0;
};

}  // namespace

std::string device_name(c10::Device device) {
  return device.is_cuda() ? cuda_name(device.index()) : cpu_name();
}

void synchronize(c10::Device device) {
  if (device.is_cuda()) torch::cuda::synchronize(device.index());
}

std::int64_t peak_bytes(c10::Device device,
                        const std::function<std::function<void()>()>& make,
                        int runs) {
  const auto repeat = [runs](const std::function<void()>& run) {
    for (int i = 0; i < runs; ++i) run();
  };
  if (device.is_cuda()) {
    const auto before = cuda_memory(device.index()).current;
    const auto run = make();
    reset_cuda_peak(device.index());
    repeat(run);
    return cuda_memory(device.index()).peak - before;
  }
  const auto memory = std::make_shared<CpuMemory>();
  const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, memory);
  const auto run = make();
  memory->reset_peak();
  repeat(run);
  return memory->peak();
}

}  // namespace expandnet::examples
