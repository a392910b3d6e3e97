#include "trainers/app/runs/plans.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "trainers/app/settings/arguments.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;

constexpr const char* kTuningFolder = "tuning";

std::string label_of(const std::string& recipe) {
  return recipe == "none" ? "compact" : recipe;
}

/// "ck+fc-lr0.03-seed0"
std::string folder_name(const std::string& recipe, const CellValues& values,
                        std::uint64_t seed) {
  auto name = label_of(recipe);
  for (const auto& [key, value] : values) {
    name += fmt::format("-{}{}", key, value);
  }
  return fmt::format("{}-seed{}", name, seed);
}

RunPlan plan_of(const Trainer& trainer, const std::string& recipe,
                const Cell& cell, std::uint64_t seed,
                const std::string& folder) {
  std::shared_ptr<Trainer> one = trainer.clone();
  auto& settings = one->settings;
  settings.expand = {recipe};
  settings.lr = cell.lr;
  settings.weight_decay = cell.weight_decay;
  settings.rate = cell.rate;
  settings.seed = seed;
  settings.out = folder;
  RunPlan plan;
  plan.configuration = configuration_of(*one, Command::kTrain);
  plan.trainer = std::move(one);
  plan.recipe = recipe;
  plan.cell = cell;
  plan.seed = seed;
  plan.folder = folder;
  return plan;
}

std::uint64_t seed_after(std::uint64_t first, std::int64_t count) {
  return first + static_cast<std::uint64_t>(count);
}

}  // namespace

std::vector<RunPlan> tuning_plans(const Trainer& trainer) {
  const auto& settings = trainer.settings;
  std::vector<RunPlan> plans;
  for (std::int64_t i = 0; i < settings.tune_seeds; ++i) {
    const auto seed = seed_after(settings.seed, kMostRuns + i);
    for (const auto& recipe : settings.expand) {
      const auto cells = cells_of(settings, recipe);
      if (cells.size() < 2) continue;
      for (const auto& cell : cells) {
        const auto values = values_of(cell, settings, recipe);
        const auto folder = fs::path(settings.out) / kTuningFolder /
                            folder_name(recipe, values, seed);
        auto plan = plan_of(trainer, recipe, cell, seed, folder.string());
        plan.values = values;
        plan.tunes = true;
        plan.shared = true;
        plans.push_back(std::move(plan));
      }
    }
  }
  return plans;
}

Tuning tuning_of(const std::string& recipe, const std::vector<RunPlan>& plans,
                 const std::vector<RunResult>& results) {
  Tuning tuning;
  bool all_ended = true;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const auto& plan = plans[i];
    if (plan.recipe != recipe) continue;
    auto trial = std::find_if(
        tuning.trials.begin(), tuning.trials.end(),
        [&](const Trial& known) { return known.cell == plan.cell; });
    if (trial == tuning.trials.end()) {
      trial = tuning.trials.insert(trial, Trial{plan.cell, plan.values, {}});
    }
    const auto& result = results.at(i);
    all_ended = all_ended && has_ended(result);
    const bool counts = result.state == kFinished && result.validation;
    const auto metric = plan.trainer->metrics().front().name;
    trial->scores.push_back(
        counts ? std::optional<double>(result.validation->at(metric))
               : std::nullopt);
    if (std::find(tuning.seeds.begin(), tuning.seeds.end(), plan.seed) ==
        tuning.seeds.end()) {
      tuning.seeds.push_back(plan.seed);
    }
  }
  if (all_ended) tuning.chosen = best_of(tuning.trials);
  return tuning;
}

std::vector<RunPlan> final_plans(const Trainer& trainer, Command command,
                                 const std::vector<Cell>& chosen) {
  const auto& settings = trainer.settings;
  const bool compares = command == Command::kCompare;
  std::vector<RunPlan> plans;
  for (std::int64_t run = 0; run < (compares ? settings.runs : 1); ++run) {
    const auto seed = seed_after(settings.seed, run);
    for (std::size_t i = 0; i < settings.expand.size(); ++i) {
      const auto& recipe = settings.expand[i];
      const auto values = values_of(chosen.at(i), settings, recipe);
      fs::path folder = settings.out;
      if (compares) folder /= folder_name(recipe, values, seed);
      auto plan = plan_of(trainer, recipe, chosen[i], seed, folder.string());
      plan.values = values;
      plan.shared = compares;
      plans.push_back(std::move(plan));
    }
  }
  return plans;
}

std::int64_t most_runs(const Settings& settings, Command command) {
  if (command == Command::kTrain) return 1;
  std::int64_t cells = 0;
  for (const auto& recipe : settings.expand) {
    const auto count =
        static_cast<std::int64_t>(cells_of(settings, recipe).size());
    if (count > 1) cells += count;
  }
  const auto recipes = static_cast<std::int64_t>(settings.expand.size());
  return std::max(settings.runs * recipes, settings.tune_seeds * cells);
}

}  // namespace expandnet::examples
