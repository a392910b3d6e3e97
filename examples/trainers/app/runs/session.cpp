#include "trainers/app/runs/session.h"

#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>
#include <expandnet/base/atomic_file.h>
#include <expandnet/train/interrupt.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "measuring/device.h"
#include "trainers/app/report/results.h"
#include "trainers/app/runs/grid.h"
#include "trainers/app/runs/plans.h"
#include "trainers/app/runs/run_folders.h"
#include "trainers/app/runs/run_scheduler.h"
#include "trainers/app/runs/step_time.h"
#include "trainers/app/settings/arguments.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;

constexpr const char* kResultFile = "result.json";
constexpr const char* kReportFile = "report.html";

std::vector<RunPlan> joined(std::vector<RunPlan> plans,
                            const std::vector<RunPlan>& more) {
  plans.insert(plans.end(), more.begin(), more.end());
  return plans;
}

double work_of(const RunPlan& plan) {
  return static_cast<double>(plan.steps) * plan.step_ms;
}

/// What steps cost, by the kind of run. Zeros for ranks: what they wait for
/// each other would have to be in it.
class TimedKinds {
 public:
  TimedKinds(const std::vector<RunPlan>& kinds, const RunContext& context,
             const train::Interrupt& interrupt)
      : kinds_(kinds), times_(kinds.size()) {
    if (!context.machine.ranks) times_ = time_steps(kinds, context, interrupt);
  }
  [[nodiscard]] StepTime of(const RunPlan& plan) const {
    const auto kind = std::find_if(
        kinds_.begin(), kinds_.end(),
        [&](const RunPlan& known) { return kind_of(known) == kind_of(plan); });
    return times_[static_cast<std::size_t>(kind - kinds_.begin())];
  }

 private:
  std::vector<RunPlan> kinds_;
  std::vector<StepTime> times_;
};

/// What a reader of the results has to know.
std::vector<std::string> notes_of(const Trainer& trainer) {
  const auto& settings = trainer.settings;
  auto notes = trainer.notes();
  if (!settings.teacher.empty()) {
    notes.emplace_back("Distilled from the teacher in " + settings.teacher +
                       ".");
  }
  if (settings.init.twin) {
    notes.emplace_back(
        "Expanded nets start from their nonlinear twins (+Init), which were "
        "trained before.");
  }
  if (settings.ema > 0) {
    notes.emplace_back(
        "Evaluated and saved is a moving average of the compact weights "
        "(--ema).");
  }
  return notes;
}

/// Tries what all runs are made of, given one of each kind. Returns the notes
/// of their Expansions, each once.
std::vector<std::string> check_runs(const std::vector<RunPlan>& kinds,
                                    const RunContext& context) {
  std::vector<std::string> notes;
  for (const auto& plan : kinds) {
    const auto& rates = context.settings().grid.rate;
    const auto at_rate = plan.recipe != "none" && rates.size() > 1
                             ? fmt::format("at rate {}: ", plan.settings().rate)
                             : std::string();
    for (const auto& of_run : check_run(plan, context)) {
      const auto note = at_rate + of_run;
      const auto found = std::find(notes.begin(), notes.end(), note);
      if (found == notes.end()) notes.push_back(note);
    }
  }
  return notes;
}

/// Says what is going to be done on what.
void introduce(const Trainer& trainer, const Images& images,
               const Machine& machine) {
  std::cout << fmt::format(
      "expandnet {}, LibTorch {}, {}, {} {}, {}, seed {}\n", EXPANDNET_VERSION,
      TORCH_VERSION, device_name(machine.device), machine.threads,
      machine.threads == 1 ? "thread" : "threads",
      machine.ranks       ? fmt::format("{} ranks", machine.size())
      : machine.jobs == 1 ? "one run at a time"
                          : fmt::format("{} runs at a time", machine.jobs),
      trainer.settings.seed);
  std::cout << trainer.title() << ": " << images.in_words() << "\n";
  for (const auto& note : images.notes()) std::cout << note << "\n";
  for (const auto& note : images.notes_on_results()) {
    std::cout << note << "\n";
  }
  for (const auto& note : notes_of(trainer)) std::cout << note << "\n";
  std::cout << std::flush;
}

std::vector<VariantResult> by_variant(const Settings& settings,
                                      const std::vector<Tuning>& tunings,
                                      const std::vector<RunPlan>& plans,
                                      const std::vector<RunResult>& runs,
                                      const TimedKinds& times) {
  std::vector<VariantResult> variants;
  for (std::size_t i = 0; i < settings.expand.size(); ++i) {
    VariantResult variant;
    variant.recipe = settings.expand[i];
    variant.tuning = tunings[i];
    for (std::size_t run = 0; run < runs.size(); ++run) {
      if (runs[run].recipe != variant.recipe) continue;
      variant.runs.push_back(runs[run]);
      const auto time = times.of(plans[run]);
      variant.step_ms = time.ms;
      variant.ratio_to_compact = time.ratio_to_compact;
    }
    variants.push_back(variant);
  }
  return variants;
}

bool all_ended(const std::vector<RunResult>& results) {
  return std::all_of(results.begin(), results.end(), has_ended);
}

/// "2 of 5 runs of fc diverged; its numbers are those of the others", for each
/// variant of which some did.
std::vector<std::string> warnings_of_divergence(
    const std::vector<RunResult>& results) {
  std::map<std::string, std::pair<int, int>> counts;  // diverged, all
  for (const auto& result : results) {
    auto& [diverged, all] = counts[result.recipe];
    if (result.state == kDiverged) ++diverged;
    ++all;
  }
  std::vector<std::string> warnings;
  for (const auto& [recipe, count] : counts) {
    if (count.first == 0) continue;
    warnings.push_back(fmt::format(
        "{} of {} runs of {} diverged; its numbers are those of the others",
        count.first, count.second, recipe == "none" ? "compact" : recipe));
  }
  return warnings;
}

/// Writes the results of all runs, and shows them.
void report(const Session& session, const RunContext& context,
            const std::vector<std::string>& notes_of_runs,
            const std::vector<VariantResult>& variants) {
  const auto& trainer = context.trainer;
  const auto& machine = context.machine;
  const auto& settings = trainer.settings;
  const bool compares = session.command == Command::kCompare;
  const auto metrics = trainer.metrics();
  auto notes = notes_of(trainer);
  const auto of_images = context.images.notes_on_results();
  notes.insert(notes.end(), of_images.begin(), of_images.end());
  notes.insert(notes.end(), notes_of_runs.begin(), notes_of_runs.end());
  const Occasion occasion{trainer.title(),
                          trainer.name() + (compares ? " compare" : " train"),
                          EXPANDNET_VERSION,
                          device_name(machine.device),
                          machine.threads,
                          session.command_line,
                          configuration_of(trainer, session.command),
                          notes,
                          metrics};
  const auto path_in_out = [&](const char* name) {
    return (fs::path(settings.out) / name).string();
  };
  write_file_atomically(path_in_out(kResultFile),
                        text_of(results_json(occasion, variants), 2) + "\n");
  write_file_atomically(path_in_out(kReportFile),
                        report_html(occasion, variants));

  const auto& layers = variants.front().runs.front().layers;
  if (!compares && !layers.empty()) {
    std::cout << "\n" << ContractionReport{layers};
  }
  const auto tried = tuning_table(variants, metrics.front());
  if (!tried.empty()) std::cout << "\n" << tried;
  std::cout << "\n" << results_table(variants, metrics);
  const auto differences = differences_in_words(variants, metrics.front());
  if (!differences.empty()) std::cout << "\n" << differences;
  const auto is_left = [](const VariantResult& variant) {
    return !all_ended(variant.runs);
  };
  if (std::any_of(variants.begin(), variants.end(), is_left)) {
    std::cout << (compares ? "\ninterrupted; the same command goes on\n"
                           : "\ninterrupted; go on with --resume\n");
  }
  std::cout << "\nreport: " << path_in_out(kReportFile) << std::endl;
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

/// "27 runs, 9 of them to choose values by: about 2:13:20"
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

/// Sets what there is to know beforehand of how long runs take.
void measure(std::vector<RunPlan>& plans, const RunContext& context,
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

std::vector<RunResult> train_all(const std::vector<RunPlan>& plans,
                                 const RunContext& context,
                                 const train::Interrupt& interrupt,
                                 Console& console) {
  RunQueue queue(plans, context, interrupt, console);
  make_scheduler(context.machine)->train(queue);
  return queue.results();
}

/// The cell of each variant, and what led to it.
struct Choice {
  std::vector<Cell> cells;
  std::vector<Tuning> tunings;  ///< without trials where there was no choice
  std::vector<std::string> warnings;
};

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
    choice.cells.push_back(tuning.chosen
                               ? tuning.trials[*tuning.chosen].cell
                               : cells_of(settings.grid, recipe).front());
    choice.tunings.push_back(std::move(tuning));
  }
  return choice;
}

/// Says what was chosen.
void tell(const Choice& choice, const Settings& settings, Console& console) {
  for (std::size_t i = 0; i < choice.cells.size(); ++i) {
    const auto& recipe = settings.expand[i];
    const auto words =
        in_words(values_of(choice.cells[i], settings.grid, recipe));
    if (words.empty()) continue;
    console.line("chosen for " + (recipe == "none" ? "compact" : recipe) +
                 ": " + words);
  }
  for (const auto& warning : choice.warnings) {
    console.line("warning: " + warning);
  }
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
      "\ninterrupted; saving what has been done\n");
  auto tuning = tuning_plans(trainer);
  // Which cell is chosen makes no difference to what runs cost.
  const auto first = choose(settings, {}, {});
  auto plans = final_plans(trainer, session.command, first.cells);
  if (machine.ranks) {
    machine.ranks->check_same(
        "the images",
        images.in_words() + "\n" + c10::Join("\n", images.class_names()));
  }
  if (machine.is_first()) introduce(trainer, images, machine);
  const auto kinds = one_of_each_kind(joined(tuning, plans));
  auto notes = check_runs(kinds, context);

  const auto configuration = configuration_of(trainer, session.command);
  RunFolders folders(settings, machine);
  folders.make(configuration, tuning.empty() ? plans : tuning, images);
  const TimedKinds times(kinds, context, interrupt);
  measure(tuning, context, times);
  measure(plans, context, times);
  Console console(console_options(joined(tuning, plans), context));
  for (const auto& note : notes) console.line("note: " + note);
  if (!machine.ranks) console.line(estimate(joined(tuning, plans), context));
  console.heading();

  const auto trials = train_all(tuning, context, interrupt, console);
  const auto choice = choose(settings, tuning, trials);
  std::vector<RunResult> results;
  if (all_ended(trials)) {
    tell(choice, settings, console);
    notes.insert(notes.end(), choice.warnings.begin(), choice.warnings.end());
    if (!tuning.empty()) {
      plans = final_plans(trainer, session.command, choice.cells);
      measure(plans, context, times);
      folders.make(configuration, plans, images);
    }
    results = train_all(plans, context, interrupt, console);
    for (auto& warning : warnings_of_divergence(results)) {
      console.line("warning: " + warning);
      notes.push_back(std::move(warning));
    }
  } else {
    results = not_begun(plans);
  }
  folders.keep();
  on_first(machine, [&] {
    report(session, context, notes,
           by_variant(settings, choice.tunings, plans, results, times));
  });
  return interrupt.exit_status();
}

}  // namespace expandnet::examples
