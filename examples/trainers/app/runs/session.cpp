#include "trainers/app/runs/session.h"

#include <c10/util/StringUtil.h>
#include <expandnet/base/atomic_file.h>
#include <expandnet/train/interrupt.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "measuring/device.h"
#include "trainers/app/report/results.h"
#include "trainers/app/runs/run_folders.h"
#include "trainers/app/runs/run_scheduler.h"
#include "trainers/app/runs/step_time.h"
#include "trainers/app/settings/arguments.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;

constexpr const char* kResultFile = "result.json";
constexpr const char* kReportFile = "report.html";

std::vector<RunPlan> plans_of(Command command, const Trainer& trainer) {
  const auto& settings = trainer.settings;
  std::vector<RunPlan> plans;
  const auto runs =
      command == Command::kTrain ? std::int64_t{1} : settings.runs;
  // All recipes of a seed before the next, so that what has been interrupted
  // can be compared.
  for (std::int64_t run = 0; run < runs; ++run) {
    for (const auto& recipe : settings.expand) {
      RunPlan plan;
      plan.recipe = recipe;
      plan.seed = settings.seed + static_cast<std::uint64_t>(run);
      plan.folder = settings.out;
      if (command == Command::kCompare) {
        plan.folder =
            (fs::path(settings.out) /
             fmt::format("{}-seed{}", recipe == "none" ? "compact" : recipe,
                         plan.seed))
                .string();
      }
      plan.configuration =
          run_configuration(trainer, recipe, plan.seed, plan.folder);
      plans.push_back(plan);
    }
  }
  return plans;
}

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

/// Tries what all runs are made of. Returns the notes of their Expansions, each
/// once.
std::vector<std::string> check_runs(const std::vector<RunPlan>& plans,
                                    const RunContext& context) {
  std::vector<std::string> notes;
  for (const auto& plan : plans) {
    // Other seeds make what the first does.
    if (plan.seed != context.settings().seed) continue;
    for (const auto& note : check_run(plan, context)) {
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
  for (const auto& note : notes_of(trainer)) std::cout << note << "\n";
  std::cout << std::flush;
}

std::vector<VariantResult> by_variant(const Settings& settings,
                                      const std::vector<StepTime>& times,
                                      const std::vector<RunResult>& runs) {
  std::vector<VariantResult> variants;
  for (std::size_t i = 0; i < settings.expand.size(); ++i) {
    VariantResult variant;
    variant.recipe = settings.expand[i];
    variant.step_ms = times[i].ms;
    variant.ratio_to_compact = times[i].ratio_to_compact;
    for (const auto& run : runs) {
      if (run.recipe == variant.recipe) variant.runs.push_back(run);
    }
    variants.push_back(variant);
  }
  return variants;
}

/// Writes the results of all runs, and shows them.
void report(const Session& session, const RunContext& context,
            const std::vector<std::string>& notes_of_runs,
            const std::vector<VariantResult>& variants) {
  const auto& trainer = context.trainer;
  const auto& machine = context.machine;
  const auto& settings = trainer.settings;
  const bool compares = session.command == Command::kCompare;
  auto notes = notes_of(trainer);
  notes.insert(notes.end(), notes_of_runs.begin(), notes_of_runs.end());
  const Occasion occasion{trainer.title(),
                          trainer.name() + (compares ? " compare" : " train"),
                          EXPANDNET_VERSION,
                          device_name(machine.device),
                          machine.threads,
                          session.command_line,
                          configuration_of(trainer, session.command),
                          notes,
                          settings.metrics};
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
  std::cout << "\n" << results_table(variants, settings.metrics);
  const auto is_left = [](const VariantResult& variant) {
    return std::any_of(variant.runs.begin(), variant.runs.end(),
                       [](const auto& run) { return run.state != "finished"; });
  };
  if (std::any_of(variants.begin(), variants.end(), is_left)) {
    std::cout << "\ninterrupted; go on with --resume\n";
  }
  std::cout << "\nreport: " << path_in_out(kReportFile) << std::endl;
}

ConsoleOptions console_options(const std::vector<RunPlan>& plans,
                               const RunContext& context) {
  const auto& settings = context.settings();
  ConsoleOptions options;
  options.images_per_step = settings.batch_size;
  options.metrics = settings.metrics;
  options.speaks = context.machine.is_first();
  for (const auto& plan : plans) options.steps += steps_in(plan, context);
  return options;
}

}  // namespace

int run_session(const Session& session, const Trainer& trainer,
                const Images& images, const Machine& machine) {
  const auto& settings = trainer.settings;
  const auto context = make_context(trainer, images, machine);
  const train::Interrupt interrupt;
  const auto plans = plans_of(session.command, trainer);
  if (machine.ranks) {
    machine.ranks->check_same(
        "the images",
        images.in_words() + "\n" + c10::Join("\n", images.class_names()));
  }
  if (machine.is_first()) introduce(trainer, images, machine);
  const auto notes = check_runs(plans, context);

  RunFolders folders(settings, machine);
  folders.make(configuration_of(trainer, session.command), plans,
               images.class_names());
  std::vector<StepTime> times(settings.expand.size());
  // What ranks wait for each other would have to be in it.
  if (!machine.ranks) times = time_steps(settings.expand, context);
  Console console(console_options(plans, context));
  for (const auto& note : notes) console.line("note: " + note);
  console.heading();
  RunQueue queue(plans, context, interrupt, console);
  make_scheduler(machine)->train(queue);
  folders.keep();
  on_first(machine, [&] {
    report(session, context, notes,
           by_variant(settings, times, queue.results()));
  });
  return interrupt.exit_status();
}

}  // namespace expandnet::examples
