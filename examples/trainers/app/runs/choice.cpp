#include "trainers/app/runs/choice.h"

#include <c10/util/Exception.h>

#include <cstddef>
#include <utility>

#include "base/error.h"
#include "trainers/app/report/run_result.h"

namespace expandnet::examples {

Choice choose(const Settings& settings, const std::vector<RunPlan>& plans,
              const std::vector<RunResult>& results) {
  Choice choice;
  for (const auto& recipe : settings.expand) {
    auto tuning = tuning_of(recipe, plans, results);
    const auto label = recipe == "none" ? "compact" : recipe;
    TORCH_CHECK(tuning.trials.empty() || tuning.chosen || !all_ended(results),
                error_message("--lr", "some value must let " + label + " train",
                              "none: all runs diverged", "try lower ones"));
    for (const auto& warning : edge_warnings(tuning)) {
      choice.warnings.push_back(label + ": " + warning);
    }
    choice.cells.push_back(tuning.chosen ? tuning.trials[*tuning.chosen].cell
                                         : cells_of(settings, recipe).front());
    choice.tunings.push_back(std::move(tuning));
  }
  return choice;
}

void tell(const Choice& choice, const Settings& settings, Console& console) {
  for (std::size_t i = 0; i < choice.cells.size(); ++i) {
    const auto& recipe = settings.expand[i];
    const auto words = in_words(values_of(choice.cells[i], settings, recipe));
    if (words.empty()) continue;
    console.line("chosen for " + (recipe == "none" ? "compact" : recipe) +
                 ": " + words);
  }
  for (const auto& warning : choice.warnings) {
    console.line("warning: " + warning);
  }
}

}  // namespace expandnet::examples
