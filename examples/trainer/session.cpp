#include "trainer/session.h"

#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>
#include <expandnet/io/atomic_file.h>
#include <expandnet/train/interrupt.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "common/device.h"
#include "trainer/results.h"
#include "trainer/side_by_side.h"
#include "trainer/step_time.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;

constexpr const char* kResultFile = "result.json";
constexpr const char* kReportFile = "report.html";

std::string content_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<RunPlan> plans_of(const Session& session,
                              const Settings& settings) {
  std::vector<RunPlan> plans;
  const auto runs =
      session.command == Command::kTrain ? std::int64_t{1} : settings.runs;
  // All recipes of a seed before the next, so that what has been interrupted
  // can be compared.
  for (std::int64_t run = 0; run < runs; ++run) {
    for (const auto& recipe : settings.expand) {
      RunPlan plan;
      plan.recipe = recipe;
      plan.seed = settings.seed + static_cast<std::uint64_t>(run);
      plan.folder = settings.out;
      if (session.command == Command::kCompare) {
        plan.folder =
            (fs::path(settings.out) /
             fmt::format("{}-seed{}", recipe == "none" ? "compact" : recipe,
                         plan.seed))
                .string();
      }
      plan.configuration =
          session.run_configuration(recipe, plan.seed, plan.folder);
      plans.push_back(plan);
    }
  }
  return plans;
}

/// The folder of each run, with its configuration.
void make_folders(const std::vector<RunPlan>& plans) {
  for (const auto& plan : plans) {
    const auto file = fs::path(plan.folder) / kConfigurationFile;
    fs::create_directories(plan.folder);
    if (fs::exists(file)) {
      const auto other = differences(content_of(file), plan.configuration);
      TORCH_CHECK(other.empty(),
                  "--resume: a run goes on as it was configured, got another ",
                  c10::Join(", ", other), " for \"", plan.folder,
                  "\"; name another folder");
    }
    write_file_atomically(file.string(), plan.configuration);
  }
}

/// What a reader of the results has to know.
std::vector<std::string> notes_of(const Settings& settings) {
  std::vector<std::string> notes;
  if (settings.select == "test-best") {
    notes.emplace_back(
        "The test set chose the epochs (--select test-best), so its accuracies "
        "are optimistic.");
  }
  if (!settings.teacher.empty()) {
    notes.emplace_back("Distilled from the teacher in " + settings.teacher +
                       ".");
  }
  if (settings.init == "twin") {
    notes.emplace_back(
        "Expanded nets start from their nonlinear twins (+Init), which were "
        "trained before.");
  }
  return notes;
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
  const auto other = differences(content_of(file), configuration);
  TORCH_CHECK(other.empty(),
              "--resume: a run goes on as it was configured, got another ",
              c10::Join(", ", other), " for \"", settings.out,
              "\"; name another folder");
}

int run_session(const Session& session, const Maker& maker,
                const Settings& settings, const Machine& machine) {
  const train::Interrupt interrupt;
  const auto device = device_name(machine.device);
  std::cout << fmt::format(
      "expandnet {}, LibTorch {}, {}, {} {}, {} at a time, seed {}\n",
      EXPANDNET_VERSION, TORCH_VERSION, device, machine.threads,
      machine.threads == 1 ? "thread" : "threads",
      machine.jobs == 1 ? "one run" : fmt::format("{} runs", machine.jobs),
      settings.seed);
  std::cout << session.title << ": " << session.images << "\n";
  for (const auto& note : notes_of(settings)) std::cout << note << "\n";
  std::cout << std::flush;

  try {
    fs::create_directories(settings.out);
    write_file_atomically(
        (fs::path(settings.out) / kConfigurationFile).string(),
        session.configuration);
  } catch (const fs::filesystem_error& error) {
    TORCH_CHECK(false, "--out: must be a folder that can be made, got \"",
                settings.out, "\" (", error.code().message(), ")");
  }
  const auto plans = plans_of(session, settings);
  make_folders(plans);

  const auto times = time_steps(settings.expand, maker, settings, machine);
  const auto runs =
      train_side_by_side(plans, maker, settings, machine, interrupt);
  const auto variants = by_variant(settings, times, runs);
  const Occasion occasion{session.title,         session.program,
                          EXPANDNET_VERSION,     device,
                          machine.threads,       session.command_line,
                          session.configuration, notes_of(settings)};
  const auto path_in_out = [&](const char* name) {
    return (fs::path(settings.out) / name).string();
  };
  write_file_atomically(path_in_out(kResultFile),
                        results_json(occasion, variants).dump(2) + "\n");
  write_file_atomically(path_in_out(kReportFile),
                        report_html(occasion, variants));

  if (session.command == Command::kTrain && !runs.front().layers.empty()) {
    std::cout << "\n" << ContractionReport{runs.front().layers};
  }
  std::cout << "\n" << results_table(variants);
  if (interrupt.requested()) {
    std::cout << "\ninterrupted; go on with --resume\n";
  }
  std::cout << "\nreport: " << path_in_out(kReportFile) << std::endl;
  return interrupt.exit_status();
}

}  // namespace expandnet::examples
