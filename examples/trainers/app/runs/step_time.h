// step_time.h: measures the time of a step of each variant, in turns.
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

/// The settings that determine the cost of a step.
struct StepKind {
  std::string recipe;
  double rate = 0;  ///< any value for a compact net
};
bool operator==(const StepKind& a, const StepKind& b);
StepKind kind_of(const RunPlan& plan);

/// Returns one plan for each kind that occurs in the plans.
std::vector<RunPlan> one_of_each_kind(const std::vector<RunPlan>& plans);

/// Trains a temporary net of each plan on one batch, in turns, and times the
/// whole steps. Returns zeros if an interrupt comes too early.
std::vector<StepTime> time_steps(const std::vector<RunPlan>& plans,
                                 const RunContext& context,
                                 const train::Interrupt& interrupt);

}  // namespace expandnet::examples
