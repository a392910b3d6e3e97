// run_scheduler.h: trains several runs on one machine.
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

  /// Trains all runs of a queue, `machine.jobs` at a time. If interrupted or if
  /// a run fails, saves the state of the others; then throws the error of the
  /// failed run.
  virtual void train(RunQueue& queue) = 0;
};

/// On the CPU each run has its own thread. On CUDA the runs take turns, each on
/// its own stream, so that one can use what another leaves idle.
std::unique_ptr<RunScheduler> make_scheduler(const Machine& machine);

}  // namespace expandnet::examples
