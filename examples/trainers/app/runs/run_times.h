// run_times.h: how long runs take.
#pragma once

#include <expandnet/train/interrupt.h>

#include <string>
#include <vector>

#include "trainers/app/runs/run.h"
#include "trainers/app/runs/run_context.h"
#include "trainers/app/runs/step_time.h"

namespace expandnet::examples {

/// What steps cost, by the kind of run. Zeros for ranks: what they wait for
/// each other would have to be in it.
class TimedKinds {
 public:
  TimedKinds(const std::vector<RunPlan>& kinds, const RunContext& context,
             const train::Interrupt& interrupt);
  [[nodiscard]] StepTime of(const RunPlan& plan) const;

 private:
  std::vector<RunPlan> kinds_;
  std::vector<StepTime> times_;
};

/// Sets the steps of each run, and what one takes.
void set_times(std::vector<RunPlan>& plans, const RunContext& context,
               const TimedKinds& times);

/// Milliseconds of a run whose times are set.
[[nodiscard]] double work_of(const RunPlan& plan);

/// "27 runs, 9 of them to choose values by: about 2:13:20"
[[nodiscard]] std::string estimate(const std::vector<RunPlan>& plans,
                                   const RunContext& context);

}  // namespace expandnet::examples
