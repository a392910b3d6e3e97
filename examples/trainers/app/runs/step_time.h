// step_time.h: what a step costs, by the variants taking turns.
#pragma once

#include <string>
#include <vector>

#include "trainers/app/runs/run_context.h"

namespace expandnet::examples {

struct StepTime {
  double ms = 0;                ///< median
  double ratio_to_compact = 0;  ///< median of the ratios; 0: no compact net
};

/// Trains a throwaway net of each recipe on one batch, in turns, and times the
/// whole steps.
std::vector<StepTime> time_steps(const std::vector<std::string>& recipes,
                                 const RunContext& context);

}  // namespace expandnet::examples
