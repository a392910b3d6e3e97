// layer_costs.h: what is expanded, and what a step of it costs, as a table.
#pragma once

#include <string>
#include <vector>

#include "trainers/app/runs/run.h"
#include "trainers/app/runs/run_context.h"

namespace expandnet::examples {

/// Of each plan a line with its name and the `Summary` of its net, with the
/// multiply-adds of a step at the batch of one process. Nets without an
/// Expansion are counted as they are. Makes each net and runs it once, on the
/// first batch of training images.
[[nodiscard]] std::string layer_costs(const std::vector<RunPlan>& plans,
                                      const RunContext& context);

}  // namespace expandnet::examples
