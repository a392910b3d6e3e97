// layer_costs.h: a table of the expanded layers and the cost of their steps.
#pragma once

#include <string>
#include <vector>

#include "trainers/app/runs/run.h"
#include "trainers/app/runs/run_context.h"

namespace expandnet::examples {

/// Returns, for each plan, a line with its name and the `Summary` of its net,
/// with the multiply-adds of a step on the batch of one process. Nets without
/// an Expansion are counted unexpanded. Makes each net and runs it once, on the
/// first batch of training images.
[[nodiscard]] std::string layer_costs(const std::vector<RunPlan>& plans,
                                      const RunContext& context);

}  // namespace expandnet::examples
