#include <c10/util/Exception.h>
#include <expandnet/base/atomic_file.h>
#include <expandnet/train/interrupt.h>
#include <expandnet/version.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/read_file.h"
#include "command_line/checks.h"
#include "command_line/command_line.h"
#include "command_line/named_flag.h"
#include "measuring/device.h"
#include "trainers/app/analysis/analysis_report.h"
#include "trainers/app/analysis/analyze_run.h"
#include "trainers/app/analysis/analyzed_run.h"
#include "trainers/app/commands/commands.h"
#include "trainers/app/runs/confusion_log.h"
#include "trainers/app/runs/machine.h"
#include "trainers/app/runs/run_files.h"
#include "trainers/app/runs/weights.h"
#include "trainers/app/settings/configuration.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kAnalysisFile = "analysis.json";
constexpr const char* kAnalysisPage = "analysis.html";
constexpr std::int64_t kMostSteps = 1001;
constexpr std::int64_t kMostProducts = 1000000;

struct AnalyzeChoices {
  std::vector<std::string> runs;
  AnalysisOptions options;
  std::string data;  ///< "": as the runs had it
  std::string out = "analysis";
  DeviceChoice device = DeviceChoice::kAuto;
  std::int64_t threads = 0;
};

void add_analyze_flags(CLI::App& app, AnalyzeChoices& choices) {
  auto& options = choices.options;
  app.option_defaults()->always_capture_default()->take_last();
  app.add_option("runs", choices.runs,
                 "folders of finished runs, or of comparisons, which stand for "
                 "their finished runs")
      ->required()
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--images", options.images,
                 "training images that the loss is of; they stay in memory")
      ->check(positive());
  app.add_option("--steps", options.steps,
                 "places of the line, and of each side of the plane; odd: the "
                 "net itself is in the middle")
      ->check(from_to(2, kMostSteps));
  app.add_option("--plane", options.plane,
                 "true or false: along two directions, too");
  app.add_option("--products", options.products,
                 "with the Hessian, at most, for its largest eigenvalue and "
                 "again for its trace; 0: neither")
      ->check(from_to(0, kMostProducts));
  app.add_option("--seed", options.seed,
                 "of the images, the directions and the vectors");
  app.add_option("--out", choices.out, "folder for what is found");
  app.add_option("--data", choices.data,
                 "folder of the data set; by default the runs' own");
  add_named(app, "--device", choices.device, kDevices);
  app.add_option("--threads", choices.threads, "0: the cores")
      ->check(from_to(0, kMostThreads));
}

/// Has all runs work on the device that was asked for.
Machine set_up_for(const std::vector<AnalyzedRun>& runs,
                   const AnalyzeChoices& choices) {
  for (const auto& run : runs) {
    auto& settings = run.trainer->settings;
    settings.device = choices.device;
    settings.precision = train::Precision::kFloat32;
    settings.memory_format = MemoryFormatChoice::kAuto;
    settings.threads = choices.threads;
    settings.jobs = 1;
    if (!choices.data.empty()) settings.data = choices.data;
  }
  auto machine = set_up(runs.front().trainer->settings, 1);
  TORCH_CHECK(!machine.ranks,
              error_message("analyze", "takes one process",
                            std::to_string(machine.size()) + " ranks"));
  return machine;
}

void make_folder(const std::string& out) {
  try {
    fs::create_directories(out);
  } catch (const fs::filesystem_error& error) {
    TORCH_CHECK(false, error_message(
                           "--out", "must be a folder that can be made",
                           "\"" + out + "\" (" + error.code().message() + ")"));
  }
}

/// FNV-1a of a file's bytes, in hexadecimal digits.
std::string digest_of(const std::string& path) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const auto byte : read_file(path)) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211ULL;
  }
  return fmt::format("{:016x}", hash);
}

/// What the file of a run begins with: another would be another analysis.
Json head_of_run(const AnalyzedRun& run, const AnalysisOptions& options) {
  return {
      {"run", run.name},
      {"weights", digest_of((fs::path(run.folder) / kWeightsFile).string())},
      {"images", options.images},
      {"steps", options.steps},
      {"products", options.products},
      {"seed", options.seed}};
}

std::vector<AnalysisFile> open_files(const std::vector<AnalyzedRun>& runs,
                                     const AnalyzeChoices& choices) {
  std::vector<AnalysisFile> files;
  for (const auto& run : runs) {
    const auto path = fs::path(choices.out) / (run.name + ".json");
    files.emplace_back(path.string(), head_of_run(run, choices.options));
  }
  return files;
}

ConsoleOptions console_options_of(const std::vector<AnalyzedRun>& runs,
                                  const AnalysisOptions& options) {
  ConsoleOptions console;
  console.images_per_step = 0;
  console.runs = static_cast<std::int64_t>(runs.size());
  console.work = static_cast<double>(runs.size()) * RunAnalysis::work(options);
  for (const auto& run : runs) {
    console.name_width =
        std::max(console.name_width, static_cast<int>(run.name.size()) + 2);
  }
  return console;
}

/// Analyzes one run after another, each on the same images. Returns false where
/// it was asked to stop.
bool analyze_all(const std::vector<AnalyzedRun>& runs,
                 const AnalyzeChoices& choices, const Machine& machine,
                 std::vector<AnalysisFile>& files,
                 const train::Interrupt& interrupt) {
  const auto& options = choices.options;
  Console console(console_options_of(runs, options));
  for (const auto& file : files) {
    console.skip(RunAnalysis::work_done(options, file));
  }
  std::unique_ptr<Images> images;
  std::unique_ptr<Sample> sample;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto& run = runs[i];
    if (RunAnalysis::work_done(options, files[i]) ==
        RunAnalysis::work(options)) {
      console.line(run.name, "analyzed before");
      continue;
    }
    const auto& trainer = *run.trainer;
    if (sample == nullptr || !have_same_images(runs[i - 1], run)) {
      images = trainer.load_images(machine, run.folder);
      sample = std::make_unique<Sample>(
          *images, trainer.task(*images, machine.device).meter, machine.device,
          options.images, options.seed);
    }
    auto net = load_run(run.folder, trainer, images->classes(), machine.device);
    train::set_memory_format(*net.module, machine.memory_format);
    try {
      RunAnalysis(run.name, std::move(net), *sample, trainer.metrics().front(),
                  options, files[i])
          .run(console, interrupt);
    } catch (const Interrupted&) {
      return false;
    }
  }
  return true;
}

/// What a reader has to know.
std::vector<std::string> notes_of_analysis(const AnalysisOptions& options) {
  return {fmt::format(
              "Landscape, curvature and training metrics: of the contracted "
              "nets in evaluation mode (BatchNorm with its running "
              "statistics), on the same {} training images without "
              "augmentation, with the plain loss (no label smoothing, no "
              "teacher).",
              options.images),
          "Gradient confusion: measured while the nets trained, in training "
          "mode (BatchNorm with the statistics of each batch), on batches as "
          "they are trained on, augmentation included, with the loss that is "
          "trained on."};
}

std::string title_of(const std::vector<AnalyzedRun>& runs) {
  std::vector<std::string> titles;
  for (const auto& run : runs) {
    const auto title = run.trainer->title();
    if (std::find(titles.begin(), titles.end(), title) == titles.end()) {
      titles.push_back(title);
    }
  }
  std::string all;
  for (const auto& title : titles) all += (all.empty() ? "" : ", ") + title;
  return all;
}

void write_report(const Trainer& prototype, const AnalyzedRuns& analyzed,
                  const AnalyzeChoices& choices, const Machine& machine,
                  const std::vector<AnalysisFile>& files,
                  const std::string& command_line) {
  const auto& options = choices.options;
  const auto& runs = analyzed.runs;
  std::vector<AnalyzedResult> results;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    results.push_back({runs[i].name, runs[i].variant, runs[i].result,
                       files[i].content(), read_confusion(runs[i].folder)});
  }
  ReportHeader header;
  header.title = "Analysis: " + title_of(runs);
  header.program = prototype.name() + " analyze";
  header.version = EXPANDNET_VERSION;
  header.device = device_name(machine.device);
  header.threads = machine.threads;
  header.command = command_line;
  header.configuration =
      fmt::format("images={}\nsteps={}\nproducts={}\nseed={}\n", options.images,
                  options.steps, options.products, options.seed);
  header.notes = notes_of_analysis(options);
  header.notes.insert(header.notes.end(), analyzed.notes.begin(),
                      analyzed.notes.end());
  header.metrics = {runs.front().trainer->metrics().front()};
  const auto analysis = analysis_json(header, results);
  const fs::path out = choices.out;
  write_file_atomically((out / kAnalysisFile).string(),
                        text_of(analysis) + "\n");
  const auto page = (out / kAnalysisPage).string();
  write_file_atomically(page, analysis_html(analysis));
  std::cout << "\nreport: " << page << std::endl;
}

int analyze(const Trainer& prototype, const AnalyzeChoices& choices,
            const std::string& command_line) {
  const auto [runs, notes] = analyzed_runs(prototype, choices.runs);
  const auto machine = set_up_for(runs, choices);
  make_folder(choices.out);
  auto files = open_files(runs, choices);
  const train::Interrupt interrupt(
      "\ninterrupted; saving what has been done\n");
  std::cout << fmt::format(
      "expandnet {}, LibTorch {}, {}, {} {}, seed {}\n{} {}, {} training "
      "images in evaluation mode, without augmentation\n",
      EXPANDNET_VERSION, TORCH_VERSION, device_name(machine.device),
      machine.threads, machine.threads == 1 ? "thread" : "threads",
      choices.options.seed, runs.size(), runs.size() == 1 ? "run" : "runs",
      choices.options.images);
  for (const auto& note : notes) std::cout << "note: " << note << "\n";
  std::cout << std::flush;
  if (!analyze_all(runs, choices, machine, files, interrupt)) {
    std::cout << "\ninterrupted; the same command goes on\n";
  }
  write_report(prototype, {runs, notes}, choices, machine, files, command_line);
  return interrupt.exit_status();
}

}  // namespace

std::vector<ProgramCommand> classifier_commands() {
  return {{"analyze",
           "looks into finished runs: loss landscape, curvature, ranks",
           analyze_command}};
}

int analyze_command(const Trainer& prototype, const Words& words) {
  CLI::App app(
      "Analyzes finished runs: the loss around their contracted nets, its "
      "curvature, the effective rank of each weight, the generalization gap, "
      "and the gradient confusion that --confusion has measured. The same "
      "command goes on where it was interrupted.",
      prototype.name() + " analyze");
  AnalyzeChoices choices;
  add_analyze_flags(app, choices);
  try {
    app.parse(words.argc, words.argv);
  } catch (const CLI::ParseError& error) {
    return status_after(app, error);
  }
  return analyze(prototype, choices, words.line);
}

}  // namespace expandnet::examples
