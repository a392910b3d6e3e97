#include "trainers/app/runs/session.h"

#include <c10/util/StringUtil.h>
#include <expandnet/train/interrupt.h>
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <utility>

#include "trainers/app/report/run_result.h"
#include "trainers/app/runs/choice.h"
#include "trainers/app/runs/layer_costs.h"
#include "trainers/app/runs/plans.h"
#include "trainers/app/runs/run_folders.h"
#include "trainers/app/runs/run_scheduler.h"
#include "trainers/app/runs/run_times.h"
#include "trainers/app/runs/session_report.h"
#include "trainers/app/settings/arguments.h"

namespace expandnet::examples {

namespace {

std::vector<RunPlan> joined(std::vector<RunPlan> plans,
                            const std::vector<RunPlan>& more) {
  plans.insert(plans.end(), more.begin(), more.end());
  return plans;
}

/// "cl", "cl at --rate 8"
std::string name_of_kind(const RunPlan& plan, const Settings& settings) {
  if (plan.recipe == "none" || settings.grid.rate.size() < 2) {
    return plan.recipe;
  }
  return fmt::format("{} at --rate {}", plan.recipe, plan.settings().rate);
}

/// Tries what all runs are made of, given one of each kind. Returns the notes
/// on them, each once. One that is not on all expanded nets names those.
std::vector<std::string> check_runs(const std::vector<RunPlan>& kinds,
                                    const RunContext& context,
                                    const train::Interrupt& interrupt) {
  std::vector<std::string> texts;  // in their order
  std::map<std::string, std::vector<std::string>> kinds_of;
  std::size_t expanded = 0;
  for (const auto& plan : kinds) {
    // Ranks check together.
    if (interrupt.requested() && !context.machine.ranks) break;
    if (plan.recipe != "none") ++expanded;
    for (const auto& text : check_run(plan, context)) {
      auto& names = kinds_of[text];
      if (names.empty()) texts.push_back(text);
      names.push_back(name_of_kind(plan, context.settings()));
    }
  }
  std::vector<std::string> notes;
  for (const auto& text : texts) {
    const auto& names = kinds_of[text];
    const auto whose =
        names.size() < expanded ? c10::Join(", ", names) + ": " : std::string();
    notes.push_back(whose + text);
  }
  return notes;
}

ConsoleOptions console_options(const std::vector<RunPlan>& plans,
                               const RunContext& context) {
  const auto& settings = context.settings();
  ConsoleOptions options;
  options.images_per_step = settings.batch_size;
  options.metrics = context.trainer.metrics();
  options.speaks = context.machine.is_first();
  options.runs = static_cast<std::int64_t>(plans.size());
  for (const auto& plan : plans) {
    options.work += work_of(plan);
    options.name_width =
        std::max(options.name_width, static_cast<int>(plan.name().size()) + 2);
  }
  return options;
}

/// What is going to be done, and what it costs.
void show_plan(std::vector<RunPlan> tuning, std::vector<RunPlan> plans,
               const std::vector<RunPlan>& kinds,
               const std::vector<std::string>& notes, const RunContext& context,
               const train::Interrupt& interrupt) {
  const auto costs = layer_costs(kinds, context);
  if (context.machine.is_first()) {
    std::cout << "\n" << costs;
    for (const auto& note : notes) std::cout << "note: " << note << "\n";
  }
  if (context.machine.ranks) return;
  const TimedKinds times(kinds, context, interrupt);
  set_times(tuning, context, times);
  set_times(plans, context, times);
  std::cout << estimate(joined(tuning, plans), context) << "\n";
}

std::vector<RunResult> train_all(const std::vector<RunPlan>& plans,
                                 const RunContext& context,
                                 const train::Interrupt& interrupt,
                                 Console& console) {
  RunQueue queue(plans, context, interrupt, console);
  make_scheduler(context.machine)->train(queue);
  return queue.results();
}

/// Runs that an interruption has kept from being planned.
std::vector<RunResult> not_begun(const std::vector<RunPlan>& plans) {
  std::vector<RunResult> results;
  for (const auto& plan : plans) {
    RunResult result;
    result.recipe = plan.recipe;
    result.seed = plan.seed;
    result.state = "not begun";
    results.push_back(result);
  }
  return results;
}

}  // namespace

int run_session(const Session& session, const Trainer& trainer,
                const Images& images, const Machine& machine) {
  const auto& settings = trainer.settings;
  const auto context = make_context(trainer, images, machine);
  const train::Interrupt interrupt(
      settings.dry_run ? "\ninterrupted\n"
                       : "\ninterrupted; saving what has been done\n");
  auto tuning = tuning_plans(trainer);
  // Which cell is chosen makes no difference to what runs cost.
  const auto first = choose(settings, {}, {});
  auto plans = final_plans(trainer, session.command, first.cells);
  if (machine.ranks) {
    machine.ranks->check_same(
        "the images",
        images.in_words() + "\n" + c10::Join("\n", images.class_names()));
  }
  on_first(machine, [&] { check_kept_files(joined(tuning, plans), images); });
  if (machine.is_first()) introduce(trainer, images, machine);
  const auto kinds = one_of_each_kind(joined(tuning, plans));
  auto notes = check_runs(kinds, context, interrupt);
  if (settings.dry_run) {
    show_plan(tuning, plans, kinds, notes, context, interrupt);
    return interrupt.exit_status();
  }

  const auto configuration = configuration_of(trainer, session.command);
  RunFolders folders(settings, machine);
  folders.make(configuration, tuning.empty() ? plans : tuning, images);
  const TimedKinds times(kinds, context, interrupt);
  set_times(tuning, context, times);
  set_times(plans, context, times);
  Console console(console_options(joined(tuning, plans), context));
  for (const auto& note : notes) console.line("note: " + note);
  if (!machine.ranks) console.line(estimate(joined(tuning, plans), context));
  console.heading();

  const auto trials = train_all(tuning, context, interrupt, console);
  const auto choice = choose(settings, tuning, trials);
  std::vector<RunResult> results;
  std::vector<std::string> warnings;
  if (all_ended(trials)) {
    tell(choice, settings, console);
    warnings = choice.warnings;
    if (!tuning.empty()) {
      plans = final_plans(trainer, session.command, choice.cells);
      set_times(plans, context, times);
      folders.make(configuration, plans, images);
    }
    results = train_all(plans, context, interrupt, console);
    for (auto& warning : warnings_of_divergence(results)) {
      console.line("warning: " + warning);
      warnings.push_back(std::move(warning));
    }
  } else {
    results = not_begun(plans);
  }
  folders.keep();
  on_first(machine, [&] {
    report(session, context, notes, warnings,
           by_variant(settings, choice.tunings, plans, results, times));
  });
  return all_diverged(results) ? 1 : interrupt.exit_status();
}

}  // namespace expandnet::examples
