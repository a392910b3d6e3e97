// choice.h: the values that tuning has chosen for each variant.
#pragma once

#include <string>
#include <vector>

#include "trainers/app/report/console.h"
#include "trainers/app/runs/grid.h"
#include "trainers/app/runs/plans.h"
#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// The chosen cell of each variant, and the reasons.
struct Choice {
  std::vector<Cell> cells;
  std::vector<Tuning> tunings;  ///< without trials if there was no choice
  std::vector<std::string> warnings;
};

/// Throws `c10::Error` if all runs of a variant have diverged.
Choice choose(const Settings& settings, const std::vector<RunPlan>& plans,
              const std::vector<RunResult>& results);

/// Prints the choice.
void tell(const Choice& choice, const Settings& settings, Console& console);

}  // namespace expandnet::examples
