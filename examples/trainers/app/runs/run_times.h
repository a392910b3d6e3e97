// run_times.h: estimates how long runs take.
#pragma once

#include <expandnet/train/interrupt.h>

#include <string>
#include <vector>

#include "trainers/app/runs/run.h"
#include "trainers/app/runs/run_context.h"
#include "trainers/app/runs/step_time.h"

namespace expandnet::examples {

/// Times of a step for each kind of run. Zero in distributed training, where
/// the time includes waiting for other ranks, which is not measured.
class TimedKinds {
 public:
  TimedKinds(const std::vector<RunPlan>& kinds, const RunContext& context,
             const train::Interrupt& interrupt);
  [[nodiscard]] StepTime of(const RunPlan& plan) const;

 private:
  std::vector<RunPlan> kinds_;
  std::vector<StepTime> times_;
};

/// Sets the number of steps of each run, and the time of a step.
void set_times(std::vector<RunPlan>& plans, const RunContext& context,
               const TimedKinds& times);

/// Returns the milliseconds of a run whose times are set.
[[nodiscard]] double work_of(const RunPlan& plan);

/// Returns "27 runs, 9 of them to choose values by: about 2:13:20".
[[nodiscard]] std::string estimate(const std::vector<RunPlan>& plans,
                                   const RunContext& context);

}  // namespace expandnet::examples
