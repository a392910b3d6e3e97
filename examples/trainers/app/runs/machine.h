// machine.h: the device, threads and ranks that runs use.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/MemoryFormat.h>
#include <expandnet/distributed/process_group.h>
#include <expandnet/train/precision.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// The device and its threads, set up for training, and the other ranks if
/// torchrun started any. `set_up` throws `c10::Error` for a device that does
/// not exist, a precision that it does not support, and ranks where they are
/// not allowed.
struct Machine {
  c10::Device device = c10::kCPU;
  c10::MemoryFormat memory_format = c10::MemoryFormat::Contiguous;
  train::Precision precision = train::Precision::kFloat32;
  std::int64_t jobs = 1;
  int threads = 1;
  /// The processes that train together; null in single-process training.
  std::shared_ptr<distributed::ProcessGroup> ranks;

  [[nodiscard]] int rank() const { return ranks ? ranks->rank() : 0; }
  [[nodiscard]] int size() const { return ranks ? ranks->size() : 1; }
  /// Whether this process prints and writes files: the first or only one.
  [[nodiscard]] bool is_first() const { return rank() == 0; }
};
Machine set_up(const Settings& settings, std::int64_t runs);

/// Returns the number of cores for each process on this machine that trains
/// together with others.
std::int64_t cores_per_rank();

/// Runs `action` only on rank 0; if it fails, all ranks throw its error.
void on_first(const Machine& machine, const std::function<void()>& action);

}  // namespace expandnet::examples
