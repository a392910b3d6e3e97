#include "trainers/app/runs/run_times.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "trainers/app/report/console.h"
#include "trainers/app/report/run_result.h"

namespace expandnet::examples {

namespace fs = std::filesystem;

TimedKinds::TimedKinds(const std::vector<RunPlan>& kinds,
                       const RunContext& context,
                       const train::Interrupt& interrupt)
    : kinds_(kinds), times_(kinds.size()) {
  if (!context.machine.ranks) times_ = time_steps(kinds, context, interrupt);
}

StepTime TimedKinds::of(const RunPlan& plan) const {
  const auto kind = std::find_if(
      kinds_.begin(), kinds_.end(),
      [&](const RunPlan& known) { return kind_of(known) == kind_of(plan); });
  return times_[static_cast<std::size_t>(kind - kinds_.begin())];
}

void set_times(std::vector<RunPlan>& plans, const RunContext& context,
               const TimedKinds& times) {
  const auto& machine = context.machine;
  const auto batches =
      context.images.run_data(context.settings().seed).training->size();
  for (auto& plan : plans) {
    const auto& settings = plan.settings();
    auto epochs = settings.epochs;
    if (context.has_twin(plan.recipe)) {
      epochs +=
          settings.twin_epochs > 0 ? settings.twin_epochs : settings.epochs;
    }
    plan.steps = epochs * (batches - batches % settings.accumulate);
    // What ranks wait for each other would have to be in a step's time.
    if (!machine.ranks) plan.step_ms = times.of(plan).ms;
  }
}

double work_of(const RunPlan& plan) {
  return static_cast<double>(plan.steps) * plan.step_ms;
}

std::string estimate(const std::vector<RunPlan>& plans,
                     const RunContext& context) {
  double milliseconds = 0;
  std::size_t finished = 0;
  for (const auto& plan : plans) {
    if (plan.shared && fs::exists(fs::path(plan.folder) / kRunResultFile)) {
      ++finished;
    } else {
      milliseconds += work_of(plan);
    }
  }
  // On a GPU they take turns.
  const auto& machine = context.machine;
  if (machine.device.is_cpu()) {
    milliseconds /= static_cast<double>(machine.jobs);
  }
  const auto tuning = std::count_if(
      plans.begin(), plans.end(), [](const auto& plan) { return plan.tunes; });
  auto text = plans.size() == 1 ? std::string("1 run")
                                : fmt::format("{} runs", plans.size());
  if (tuning > 0) {
    text += fmt::format(", {} of them to choose values by", tuning);
  }
  if (finished > 0) text += fmt::format(", {} of them finished", finished);
  return text + ": about " + duration(milliseconds / 1000);
}

}  // namespace expandnet::examples
