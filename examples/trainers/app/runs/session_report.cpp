#include "trainers/app/runs/session_report.h"

#include <expandnet/base/atomic_file.h>
#include <expandnet/version.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "measuring/device.h"
#include "trainers/app/report/run_result.h"
#include "trainers/app/settings/arguments.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;

constexpr const char* kResultFile = "result.json";
constexpr const char* kReportFile = "report.html";

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

}  // namespace

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

bool all_diverged(const std::vector<RunResult>& results) {
  return !results.empty() &&
         std::all_of(results.begin(), results.end(), [](const auto& result) {
           return result.state == kDiverged;
         });
}

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
    const auto [diverged, all] = count;
    if (diverged == 0) continue;
    const auto name = recipe == "none" ? "compact" : recipe;
    if (diverged == all) {
      warnings.push_back(
          fmt::format("{} of {} runs of {} diverged; it has no numbers",
                      diverged, all, name));
      continue;
    }
    warnings.push_back(fmt::format(
        "{} of {} runs of {} diverged; its numbers are those of the others",
        diverged, all, name));
  }
  return warnings;
}

void report(const Session& session, const RunContext& context,
            const std::vector<std::string>& notes_of_runs,
            const std::vector<std::string>& warnings,
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
  for (const auto& warning : warnings) notes.push_back("Warning: " + warning);
  const ReportHeader header{trainer.title(),
                            trainer.name() + (compares ? " compare" : " train"),
                            EXPANDNET_VERSION,
                            device_name(machine.device),
                            machine.threads,
                            session.command_line,
                            configuration_of(trainer, session.command),
                            notes,
                            metrics,
                            context.images.class_names()};
  const auto path_in_out = [&](const char* name) {
    return (fs::path(settings.out) / name).string();
  };
  write_file_atomically(path_in_out(kResultFile),
                        text_of(results_json(header, variants), 2) + "\n");
  write_file_atomically(path_in_out(kReportFile),
                        report_html(header, variants));

  const auto& layers = variants.front().runs.front().layers;
  if (!compares && !layers.empty()) {
    std::cout << "\n" << ContractionReport{layers};
  }
  const auto tried = tuning_table(variants, metrics.front());
  if (!tried.empty()) std::cout << "\n" << tried;
  std::cout << "\n" << results_table(variants, metrics);
  const auto differences = differences_in_words(variants, metrics.front());
  if (!differences.empty()) std::cout << "\n" << differences;
  // Before the training they were said, too, but a verdict needs them here.
  for (const auto& warning : warnings) {
    std::cout << "warning: " << warning << "\n";
  }
  const auto is_left = [](const VariantResult& variant) {
    return !all_ended(variant.runs);
  };
  if (std::any_of(variants.begin(), variants.end(), is_left)) {
    std::cout << (compares ? "\ninterrupted; the same command goes on\n"
                           : "\ninterrupted; go on with --resume --out " +
                                 settings.out + "\n");
  }
  std::cout << "\nreport: " << path_in_out(kReportFile) << std::endl;
}

}  // namespace expandnet::examples
