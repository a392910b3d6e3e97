// machine.h: the device, threads and ranks that runs work on.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/MemoryFormat.h>
#include <expandnet/distributed/ranks.h>
#include <expandnet/train/precision.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// The device and its threads, put to work, and the other ranks where torchrun
/// has started some. Throws `c10::Error` for a device that is not there, a
/// precision that it does not have, and ranks where there must be none.
struct Machine {
  c10::Device device = c10::kCPU;
  c10::MemoryFormat memory_format = c10::MemoryFormat::Contiguous;
  train::Precision precision = train::Precision::kFloat32;
  std::int64_t jobs = 1;
  int threads = 1;
  /// The processes that train together; null: this one is alone.
  std::shared_ptr<distributed::Ranks> ranks;

  [[nodiscard]] int rank() const { return ranks ? ranks->rank() : 0; }
  [[nodiscard]] int size() const { return ranks ? ranks->size() : 1; }
  /// Whether this process speaks and writes: the first or only one.
  [[nodiscard]] bool is_first() const { return rank() == 0; }
};
Machine set_up(const Settings& settings, std::int64_t runs);

/// Cores for each of the processes on this machine that train together.
std::int64_t cores_per_rank();

/// Runs `action` on rank 0 alone; its error is every rank's.
void on_first(const Machine& machine, const std::function<void()>& action);

}  // namespace expandnet::examples
