// plans.h: which runs a command consists of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trainers/app/runs/grid.h"
#include "trainers/app/runs/run.h"
#include "trainers/app/runs/trainer.h"
#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// The runs that choose a cell of the grid for each variant; none without a
/// choice. They do not look at the test set, and have seeds of their own.
/// All cells and variants of a seed come before the next, so that what has been
/// interrupted can be compared.
[[nodiscard]] std::vector<RunPlan> tuning_plans(const Trainer& trainer);

/// What tuning has found of a variant, from the results of `plans`.
[[nodiscard]] Tuning tuning_of(const std::string& recipe,
                               const std::vector<RunPlan>& plans,
                               const std::vector<RunResult>& results);

/// The runs that are compared, or the one that `train` trains. `chosen` has a
/// cell for each variant.
[[nodiscard]] std::vector<RunPlan> final_plans(const Trainer& trainer,
                                               Command command,
                                               const std::vector<Cell>& chosen);

/// The most runs that there are to train at a time: of those that tune, or of
/// those that are compared.
[[nodiscard]] std::int64_t most_runs(const Settings& settings, Command command);

}  // namespace expandnet::examples
