// plans.h: the runs that a command consists of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trainers/app/runs/grid.h"
#include "trainers/app/runs/run.h"
#include "trainers/app/runs/trainer.h"
#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// Returns the runs that choose a cell of the grid for each variant; empty if
/// there is no choice. They do not use the test set, and have seeds of their
/// own. They are sorted by seed, so that an interrupted tuning has results for
/// all cells and variants.
[[nodiscard]] std::vector<RunPlan> tuning_plans(const Trainer& trainer);

/// Returns the tuning of a variant, from the results of `plans`.
[[nodiscard]] Tuning tuning_of(const std::string& recipe,
                               const std::vector<RunPlan>& plans,
                               const std::vector<RunResult>& results);

/// Returns the runs that are compared, or the one that `train` trains. `chosen`
/// has a cell for each variant.
[[nodiscard]] std::vector<RunPlan> final_plans(const Trainer& trainer,
                                               Command command,
                                               const std::vector<Cell>& chosen);

/// Returns the largest number of runs that can be trained at the same time: the
/// runs for tuning, or those that are compared.
[[nodiscard]] std::int64_t most_runs(const Settings& settings, Command command);

}  // namespace expandnet::examples
