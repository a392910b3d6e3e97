// run_queue.h: the runs that are still to be trained, and what has come of
// each.
#pragma once

#include <expandnet/train/interrupt.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "trainers/app/report/console.h"
#include "trainers/app/runs/run.h"
#include "trainers/app/runs/run_claim.h"

namespace expandnet::examples {

/// One run of a queue, with its log.
struct QueuedRun {
  QueuedRun(std::size_t index, const RunPlan& plan, const RunContext& context,
            Console& console, std::unique_ptr<RunClaim> claim);

  std::size_t index;  ///< of its plan
  std::unique_ptr<RunClaim> claim;
  Run run;
  RunLog log;
  bool diverged = false;
};

/// Makes runs as they are asked for, and ends them. May be used by several
/// threads, each with a run of its own. All that it is made from must outlive
/// it.
class RunQueue {
 public:
  RunQueue(const std::vector<RunPlan>& plans, const RunContext& context,
           const train::Interrupt& interrupt, Console& console);

  /// The next run that is to be trained; null: there is none. A run that its
  /// folder says to be finished is read, not repeated. One that another process
  /// trains is left to it: when nothing else is to be done, with `may_wait`, it
  /// is waited for, and taken up if the other ends without a result.
  std::unique_ptr<QueuedRun> next(bool may_wait);
  /// Whether a run takes another step: it is not finished, and it is not
  /// interrupted at a place where it can be taken up. Ranks ask each other.
  [[nodiscard]] bool goes_on(const QueuedRun& queued);
  /// Takes a step. A run of a comparison may diverge, which ends it.
  void step(QueuedRun& queued);
  /// Contracts a finished run and saves it; saves the state of another.
  void end(QueuedRun& queued);
  /// Saves the state of a run that another's failure has stopped.
  void leave(QueuedRun& queued);
  /// Has all runs stop.
  void stop() { stopped_ = true; }

  [[nodiscard]] const Machine& machine() const { return context_.machine; }
  /// In the order of the plans.
  [[nodiscard]] const std::vector<RunResult>& results() const {
    return results_;
  }

 private:
  [[nodiscard]] bool stopping();
  std::unique_ptr<QueuedRun> take();
  void tell_of_skipped(const Run& run);
  void keep(const Run& run, const RunResult& result);

  const std::vector<RunPlan>& plans_;
  const RunContext& context_;
  const train::Interrupt& interrupt_;
  Console& console_;
  std::vector<RunResult> results_;
  std::mutex making_;
  std::vector<std::size_t> open_;  ///< plans of which nothing is known yet
  bool told_of_waiting_ = false;
  std::atomic<bool> stopped_ = false;
  bool agreed_to_stop_ = false;
};

}  // namespace expandnet::examples
