// run_scheduler.h: how several runs share a machine.
#pragma once

#include <memory>

#include "trainers/app/runs/run_queue.h"

namespace expandnet::examples {

class RunScheduler {
 public:
  RunScheduler() = default;
  RunScheduler(const RunScheduler&) = delete;
  RunScheduler& operator=(const RunScheduler&) = delete;
  virtual ~RunScheduler() = default;

  /// Trains all runs of a queue, `machine.jobs` at a time. When interrupted, or
  /// when one run fails, the others save their state; what failed is thrown.
  virtual void train(RunQueue& queue) = 0;
};

/// On the CPU runs have a thread each; on CUDA they take turns, each with its
/// own stream, so that one fills what another leaves idle.
std::unique_ptr<RunScheduler> make_scheduler(const Machine& machine);

}  // namespace expandnet::examples
