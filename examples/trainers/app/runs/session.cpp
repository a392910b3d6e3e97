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
#include <nlohmann/json.hpp>

#include "base/read_file.h"
#include "measuring/device.h"
#include "trainers/app/report/results.h"
#include "trainers/app/runs/side_by_side.h"
#include "trainers/app/runs/step_time.h"
#include "trainers/app/settings/arguments.h"
#include "trainers/app/settings/class_list.h"
#include "trainers/app/settings/configuration.h"

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

/// Refuses to go on in a folder whose configuration file says otherwise.
void check_same_configuration(const fs::path& file,
                              const std::string& configuration,
                              const std::string& folder) {
  std::vector<std::string> other;
  try {
    other = differences(read_file(file.string()), configuration);
  } catch (const std::runtime_error& error) {
    TORCH_CHECK(false, "--resume: a run must have its configuration, got \"",
                file.string(), "\" (", error.what(), "); name another folder");
  }
  TORCH_CHECK(other.empty(),
              "--resume: a run goes on as it was configured, got another ",
              c10::Join(", ", other), " for \"", folder,
              "\"; name another folder");
}

/// Writes the names of the classes into a run's folder. Those of a run that
/// goes on must be the same.
void keep_classes(const std::string& folder,
                  const std::vector<std::string>& names) {
  if (names.empty()) return;
  const auto file = fs::path(folder) / kClassesFile;
  const auto text = class_list(names);
  TORCH_CHECK(!fs::exists(file) || read_file(file.string()) == text,
              "--resume: a run goes on with the classes that it began with, "
              "got others in --data than in \"",
              file.string(), "\"");
  write_file_atomically(file.string(), text);
}

/// Makes the folder of all results and that of each run, with configuration and
/// classes.
void make_folders(const std::string& out, const std::string& configuration,
                  const std::vector<RunPlan>& plans,
                  const std::vector<std::string>& classes) {
  try {
    fs::create_directories(out);
    write_file_atomically((fs::path(out) / kConfigurationFile).string(),
                          configuration);
  } catch (const fs::filesystem_error& error) {
    TORCH_CHECK(false, "--out: must be a folder that can be made, got \"", out,
                "\" (", error.code().message(), ")");
  }
  for (const auto& plan : plans) {
    const auto file = fs::path(plan.folder) / kConfigurationFile;
    fs::create_directories(plan.folder);
    if (fs::exists(file)) {
      check_same_configuration(file, plan.configuration, plan.folder);
    }
    write_file_atomically(file.string(), plan.configuration);
    keep_classes(plan.folder, classes);
  }
}

/// Whether a folder holds more than what is written before the training.
bool has_begun(const fs::path& out) {
  const fs::recursive_directory_iterator entries(out);
  return std::any_of(begin(entries), end(entries), [](const auto& entry) {
    const auto name = entry.path().filename();
    return name != kConfigurationFile && name != kClassesFile &&
           !entry.is_directory();
  });
}

/// Removes the folders of runs that have not begun, so that the command can be
/// corrected and run again. `existed`: whether `out` was there, empty, before.
void remove_folders(const fs::path& out, bool existed) {
  try {
    if (has_begun(out)) return;
    for (const auto& entry : fs::directory_iterator(out)) {
      fs::remove_all(entry.path());
    }
    if (!existed) fs::remove(out);
  } catch (const fs::filesystem_error&) {  // why it is removed is told instead
  }
}

/// Runs `work` in folders that are made for it, on every rank. Where it fails
/// before anything is trained they are gone again.
template <typename Work>
void in_folders(const Session& session, const Trainer& trainer,
                const Images& images, const Machine& machine,
                const std::vector<RunPlan>& plans, const Work& work) {
  const fs::path out = trainer.settings.out;
  const bool existed = fs::exists(out);
  const bool is_new = !fs::exists(out / kConfigurationFile);
  try {
    on_first(machine, [&] {
      make_folders(out.string(), configuration_of(trainer, session.command),
                   plans, images.class_names());
    });
    work();
  } catch (...) {
    if (machine.is_first() && is_new) remove_folders(out, existed);
    throw;
  }
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
void report(const Session& session, const Trainer& trainer,
            const Machine& machine,
            const std::vector<VariantResult>& variants) {
  const auto& settings = trainer.settings;
  const bool compares = session.command == Command::kCompare;
  const Occasion occasion{trainer.title(),
                          trainer.name() + (compares ? " compare" : " train"),
                          EXPANDNET_VERSION,
                          device_name(machine.device),
                          machine.threads,
                          session.command_line,
                          configuration_of(trainer, session.command),
                          notes_of(trainer)};
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
  std::cout << "\n" << results_table(variants, settings.top5);
  const auto is_left = [](const VariantResult& variant) {
    return std::any_of(variant.runs.begin(), variant.runs.end(),
                       [](const auto& run) { return run.state != "finished"; });
  };
  if (std::any_of(variants.begin(), variants.end(), is_left)) {
    std::cout << "\ninterrupted; go on with --resume\n";
  }
  std::cout << "\nreport: " << path_in_out(kReportFile) << std::endl;
}

}  // namespace

void check_out(const Settings& settings, const std::string& configuration) {
  const fs::path out = settings.out;
  if (!fs::exists(out)) return;
  TORCH_CHECK(fs::is_directory(out), "--out: must be a folder, got the file \"",
              settings.out, "\"");
  const auto file = out / kConfigurationFile;
  if (!fs::exists(file)) {
    TORCH_CHECK(fs::is_empty(out),
                "--out: must be a new or an empty folder, or hold a run to "
                "--resume, got \"",
                settings.out, "\"");
    return;
  }
  TORCH_CHECK(settings.resume,
              "--out: must be a new or an empty folder, got a run in \"",
              settings.out, "\"; go on with it by --resume");
  check_same_configuration(file, configuration, settings.out);
}

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
  for (const auto& plan : plans) {
    // Other seeds make what the first does.
    if (plan.seed == settings.seed) {
      check_run(plan, context);
    }
  }

  std::vector<StepTime> times(settings.expand.size());
  std::vector<RunResult> runs;
  in_folders(session, trainer, images, machine, plans, [&] {
    // What ranks wait for each other would have to be in it.
    if (!machine.ranks) {
      times = time_steps(settings.expand, context);
    }
    runs = train_side_by_side(plans, context, interrupt);
  });
  on_first(machine, [&] {
    report(session, trainer, machine, by_variant(settings, times, runs));
  });
  return interrupt.exit_status();
}

}  // namespace expandnet::examples
