// step_time.h: what a step costs, by the variants taking turns.
#pragma once

#include <expandnet/train/interrupt.h>

#include <string>
#include <vector>

#include "trainers/app/runs/run.h"
#include "trainers/app/runs/run_context.h"

namespace expandnet::examples {

struct StepTime {
  double ms = 0;                ///< median
  double ratio_to_compact = 0;  ///< median of the ratios; 0: no compact net
};

/// What a run costs depends on these of its settings.
struct StepKind {
  std::string recipe;
  double rate = 0;  ///< of a compact net, any
};
bool operator==(const StepKind& a, const StepKind& b);
StepKind kind_of(const RunPlan& plan);

/// The kinds of several plans, each once, with a plan that is of it.
std::vector<RunPlan> one_of_each_kind(const std::vector<RunPlan>& plans);

/// Trains a throwaway net of each plan on one batch, in turns, and times the
/// whole steps. Zeros where an interruption leaves no time for it.
std::vector<StepTime> time_steps(const std::vector<RunPlan>& plans,
                                 const RunContext& context,
                                 const train::Interrupt& interrupt);

}  // namespace expandnet::examples
