#include "trainers/app/analysis/analyzed_run.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>

#include "base/error.h"
#include "base/read_file.h"
#include "trainers/app/runs/run_files.h"
#include "trainers/app/settings/arguments.h"
#include "trainers/app/settings/configuration.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;

/// Settings in which runs that are alike differ.
constexpr const char* kSeedKey = "seed";
constexpr const char* kExpandKey = "expand";

std::string quoted_path(const std::string& path) { return "\"" + path + "\""; }

bool is_finished(const std::string& folder) {
  return fs::exists(fs::path(folder) / kRunResultFile);
}

bool has_weights(const std::string& folder) {
  return fs::exists(fs::path(folder) / kWeightsFile);
}

constexpr const char* kTrainAgain =
    "train again: the weights were removed from the folder";

/// "1 finished run", "2 finished runs"
std::string finished_runs(std::size_t count) {
  return std::to_string(count) + " finished run" + (count == 1 ? "" : "s");
}

/// The folder itself, or those of the finished runs in it. Adds to `notes` how
/// many of these have no weights.
std::vector<std::string> finished_in(const std::string& folder,
                                     std::vector<std::string>& notes) {
  if (!fs::is_directory(folder)) return {folder};
  auto runs = runs_in(folder);
  if (runs.empty()) return {folder};
  const auto remove_unless = [&](bool (*condition)(const std::string&)) {
    runs.erase(
        std::remove_if(runs.begin(), runs.end(),
                       [&](const std::string& run) { return !condition(run); }),
        runs.end());
  };
  remove_unless(is_finished);
  TORCH_CHECK(!runs.empty(),
              error_message("analyze", "a comparison must have a finished run",
                            "none in " + quoted_path(folder)));
  const auto finished = runs.size();
  remove_unless(has_weights);
  const auto left_out = finished - runs.size();
  TORCH_CHECK(
      !runs.empty(),
      error_message(
          "analyze", "a comparison must have a run with its weights",
          finished_runs(left_out) + " without them in " + quoted_path(folder),
          kTrainAgain));
  if (left_out > 0) {
    notes.push_back(finished_runs(left_out) + " of " + quoted_path(folder) +
                    " left out: without weights");
  }
  return runs;
}

RunResult result_of(const std::string& folder) {
  const auto file = (fs::path(folder) / kRunResultFile).string();
  TORCH_CHECK(is_finished(folder),
              error_message("analyze", "a run must be finished",
                            quoted_path(folder), "finish it by --resume"));
  TORCH_CHECK(has_weights(folder),
              error_message("analyze", "a run must have its weights",
                            quoted_path(folder), kTrainAgain));
  RunResult result;
  try {
    result = read_run_result(read_file(file));
  } catch (const std::runtime_error& error) {
    TORCH_CHECK(false,
                error_message("analyze", "the result of a run must be whole",
                              quoted_path(file) + " (" + error.what() + ")"));
  }
  return result;
}

/// The last parts of each path, as many as tell all of them apart.
std::vector<std::string> distinct_names(const std::vector<std::string>& paths) {
  std::vector<std::vector<std::string>> parts;
  std::size_t longest = 0;
  for (const auto& path : paths) {
    parts.emplace_back();
    for (const auto& part : fs::path(path).relative_path()) {
      parts.back().push_back(part.string());
    }
    longest = std::max(longest, parts.back().size());
  }
  std::vector<std::string> names;
  for (std::size_t count = 1; count <= longest; ++count) {
    names.clear();
    for (const auto& of_path : parts) {
      std::string name;
      const auto skipped = of_path.size() - std::min(count, of_path.size());
      for (auto i = skipped; i < of_path.size(); ++i) {
        name += (name.empty() ? "" : "-") + of_path[i];
      }
      names.push_back(name);
    }
    if (std::set<std::string>(names.begin(), names.end()).size() ==
        names.size()) {
      break;
    }
  }
  return names;
}

using Told = std::map<std::string, std::string>;

/// What a run was told that changes its results, but for its seed.
Told told(const AnalyzedRun& run) {
  Told settings;
  const auto text = configuration_with_effect(
      configuration_of(*run.trainer, Command::kTrain));
  for (const auto& [key, value] : keys_and_values(text)) {
    if (key != kSeedKey) settings.emplace(key, value);
  }
  return settings;
}

/// Keys that have several values among the runs which have them.
std::set<std::string> differing_keys(const std::vector<Told>& all) {
  std::map<std::string, std::set<std::string>> values;
  for (const auto& one : all) {
    for (const auto& [key, value] : one) values[key].insert(value);
  }
  std::set<std::string> keys;
  for (const auto& [key, of_key] : values) {
    if (of_key.size() > 1) keys.insert(key);
  }
  return keys;
}

/// "ck+fc, lr 0.03"
std::string variant_of(const Told& settings,
                       const std::set<std::string>& keys) {
  const auto& expand = settings.at(kExpandKey);
  auto name = expand == "none" ? std::string("compact") : expand;
  for (const auto& [key, value] : settings) {
    if (key == kExpandKey || keys.count(key) == 0) continue;
    name += ", " + key + " " + value;
  }
  return name;
}

}  // namespace

AnalyzedRuns analyzed_runs(const Trainer& prototype,
                           const std::vector<std::string>& folders) {
  std::vector<std::string> notes;
  std::vector<std::string> paths;
  for (const auto& folder : folders) {
    for (const auto& run : finished_in(folder, notes)) {
      const auto path = fs::weakly_canonical(fs::absolute(run)).string();
      TORCH_CHECK(std::find(paths.begin(), paths.end(), path) == paths.end(),
                  error_message("analyze", "must name each run once",
                                quoted_path(run) + " again"));
      paths.push_back(path);
    }
  }
  const auto names = distinct_names(paths);
  std::vector<AnalyzedRun> runs;
  std::vector<Told> settings;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    AnalyzedRun run;
    run.folder = paths[i];
    run.name = names[i];
    run.trainer = trainer_of_run(prototype, run.folder);
    run.result = result_of(run.folder);
    settings.push_back(told(run));
    runs.push_back(std::move(run));
  }
  const auto keys = differing_keys(settings);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    runs[i].variant = variant_of(settings[i], keys);
  }
  std::stable_sort(runs.begin(), runs.end(), [](const auto& a, const auto& b) {
    const auto is_expanded = [](const AnalyzedRun& run) {
      return run.result.recipe != "none";
    };
    return is_expanded(a) < is_expanded(b);
  });
  return {std::move(runs), std::move(notes)};
}

bool have_same_images(const AnalyzedRun& a, const AnalyzedRun& b) {
  // In these the runs of a comparison differ.
  constexpr const char* kOfRuns[] = {"expand", "rate", "lr", "weight-decay"};
  auto first = told(a), second = told(b);
  for (auto* one : {&first, &second}) {
    for (const auto* key : kOfRuns) one->erase(key);
  }
  return first == second &&
         a.trainer->settings.data == b.trainer->settings.data;
}

}  // namespace expandnet::examples
