// run_queue.h: the runs that are still to be trained, and the results of all.
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

/// Makes runs on request, and ends them. Several threads may use it, each with
/// a run of its own. The constructor's arguments must outlive it.
class RunQueue {
 public:
  RunQueue(const std::vector<RunPlan>& plans, const RunContext& context,
           const train::Interrupt& interrupt, Console& console);

  /// Returns the next run to train; null if there is none. A run whose folder
  /// has a result is not repeated; its result is read. A run that another
  /// process trains is skipped. If all other runs are done and `may_wait` is
  /// true, waits for that process, and takes the run if the process ends
  /// without a result.
  std::unique_ptr<QueuedRun> next(bool may_wait);
  /// Whether the run makes another step: it is not finished, and not
  /// interrupted at a step where it can be resumed. Ranks decide together.
  [[nodiscard]] bool goes_on(const QueuedRun& queued);
  /// Makes a step. In a comparison, a run that diverges ends.
  void step(QueuedRun& queued);
  /// Contracts and saves a finished run; saves the state of an unfinished one.
  void end(QueuedRun& queued);
  /// Saves the state of a run that stops because another run failed.
  void leave(QueuedRun& queued);
  /// Stops all runs.
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
  std::vector<std::size_t> open_;  ///< plans without a result so far
  bool told_of_waiting_ = false;
  std::atomic<bool> stopped_ = false;
  bool agreed_to_stop_ = false;
};

}  // namespace expandnet::examples
