#include "trainers/app/runs/run_folders.h"

#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>
#include <expandnet/base/atomic_file.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "base/error.h"
#include "base/read_file.h"
#include "trainers/app/runs/kept_sources.h"
#include "trainers/app/runs/run_files.h"
#include "trainers/app/runs/script_net.h"
#include "trainers/app/settings/class_list.h"
#include "trainers/app/settings/configuration.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;

std::string quoted(const std::string& path) { return "\"" + path + "\""; }

/// The flag that is wrong where something else is in a folder.
const char* flag_of(const Settings& settings) {
  return settings.resume ? "--resume" : "--out";
}

/// Settings of a comparison that each of its runs has for itself.
bool is_of_runs(const std::string& difference) {
  constexpr const char* kKeys[] = {"expand", "rate", "lr", "weight-decay",
                                   "tune-seeds"};
  return std::any_of(std::begin(kKeys), std::end(kKeys), [&](const auto* key) {
    return difference.rfind(std::string(key) + " (", 0) == 0;
  });
}

/// Refuses to go on in a folder whose configuration file says otherwise.
void check_same_configuration(const fs::path& file,
                              const std::string& configuration,
                              const std::string& folder,
                              const Settings& settings,
                              Command command = Command::kTrain) {
  std::vector<std::string> other;
  try {
    other =
        differences(read_file(file.string()), configuration, settings.absent);
  } catch (const std::runtime_error& error) {
    TORCH_CHECK(
        false,
        error_message(flag_of(settings), "a run must have its configuration",
                      quoted(file.string()) + " (" + error.what() + ")",
                      "name another folder"));
  }
  if (command == Command::kCompare) {
    other.erase(std::remove_if(other.begin(), other.end(), is_of_runs),
                other.end());
  }
  TORCH_CHECK(
      other.empty(),
      error_message(flag_of(settings), "a run goes on as it was configured",
                    "other values of " + c10::Join(", ", other) + " for " +
                        quoted(folder),
                    settings.resume ? "leave these flags out, or name another "
                                      "folder"
                                    : "name another folder"));
}

/// Throws where a run's folder has another file.
void check_kept_file(const std::string& folder, const KeptFile& kept) {
  const auto file = fs::path(folder) / kept.name;
  TORCH_CHECK(
      !fs::exists(file) || read_file(file.string()) == kept.content,
      error_message(
          "--resume",
          "a run goes on with the " + kept.what + " that it began with",
          "others in --data than in " + quoted(file.string()), kept.remedy));
}

/// The names of the classes, and what else a run keeps.
std::vector<KeptFile> kept_of(const Images& images) {
  std::vector<KeptFile> files;
  const auto names = images.class_names();
  if (!names.empty()) {
    files.push_back({kClassesFile, class_list(names), "classes"});
  }
  for (auto& file : images.kept_files()) files.push_back(std::move(file));
  return files;
}

/// Makes the folder of all results and that of each run, with configuration and
/// what is kept of the images.
void make_folders(const Settings& settings, const std::string& configuration,
                  const std::vector<RunPlan>& plans, const Images& images) {
  const auto& out = settings.out;
  for (const auto& plan : plans) {
    const auto file = fs::path(plan.folder) / kConfigurationFile;
    if (fs::exists(file)) {
      check_same_configuration(file, plan.configuration, plan.folder, settings);
    }
  }
  try {
    fs::create_directories(out);
    write_file_atomically((fs::path(out) / kConfigurationFile).string(),
                          configuration);
  } catch (const fs::filesystem_error& error) {
    TORCH_CHECK(false, error_message(
                           "--out", "must be a folder that can be made",
                           quoted(out) + " (" + error.code().message() + ")"));
  }
  const auto kept = kept_of(images);
  std::vector<std::string> runs;
  for (const auto& plan : plans) {
    const auto file = fs::path(plan.folder) / kConfigurationFile;
    fs::create_directories(plan.folder);
    if (!plan.shared) remove_unfinished_files(plan.folder);
    write_file_atomically(file.string(), plan.configuration);
    for (const auto& one : kept) {
      check_kept_file(plan.folder, one);
      write_file_atomically((fs::path(plan.folder) / one.name).string(),
                            one.content);
    }
    const auto script = plan.trainer->script();
    if (!script.empty()) keep_script(script, plan.folder);
    runs.push_back(plan.folder);
  }
  keep_start(settings, runs);
  keep_teacher(settings, runs);
}

/// Whether a folder holds more than what is written before the training.
bool has_begun(const fs::path& out) {
  const fs::recursive_directory_iterator entries(out);
  return std::any_of(begin(entries), end(entries), [](const auto& entry) {
    const auto name = entry.path().filename();
    return name != kConfigurationFile && name != kClassesFile &&
           name != kAnchorsFile && name != kClassWeightsFile &&
           name != kIndicesFile && name != kImagesFile && name != kScriptFile &&
           name != kStartFile && name != kTeacherFile &&
           !is_unfinished_file(name.string()) && !entry.is_directory();
  });
}

/// Removes the folders of runs that have not begun. `existed`: whether `out`
/// was there, empty, before.
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

}  // namespace

void check_out(const Settings& settings, Command command,
               const std::string& configuration) {
  const fs::path out = settings.out;
  if (!fs::exists(out)) return;
  TORCH_CHECK(fs::is_directory(out),
              error_message("--out", "must be a folder",
                            "the file " + quoted(settings.out)));
  const auto file = out / kConfigurationFile;
  if (!fs::exists(file)) {
    TORCH_CHECK(
        std::all_of(fs::directory_iterator(out), fs::directory_iterator(),
                    [](const fs::directory_entry& entry) {
                      return is_unfinished_file(
                          entry.path().filename().string());
                    }),
        error_message("--out",
                      "must be a new or an empty folder, or hold a run to "
                      "--resume",
                      quoted(settings.out)));
    return;
  }
  TORCH_CHECK(settings.resume || command == Command::kCompare,
              error_message("--out", "must be a new or an empty folder",
                            "a run in " + quoted(settings.out),
                            "go on with it by --resume"));
  check_same_configuration(file, configuration, settings.out, settings,
                           command);
  // A run that `train` has made has no number of runs.
  const auto pairs = keys_and_values(read_file(file.string()));
  const bool is_comparison =
      std::any_of(pairs.begin(), pairs.end(),
                  [](const auto& pair) { return pair.first == "runs"; });
  TORCH_CHECK(command == Command::kTrain || is_comparison,
              error_message("--out",
                            "must be a new or an empty folder, or hold a "
                            "comparison",
                            "a run of train in " + quoted(settings.out),
                            "name another folder"));
}

void check_kept_files(const std::vector<RunPlan>& plans, const Images& images) {
  const auto kept = kept_of(images);
  for (const auto& plan : plans) {
    for (const auto& one : kept) check_kept_file(plan.folder, one);
  }
}

RunFolders::RunFolders(const Settings& settings, const Machine& machine)
    : settings_(settings),
      machine_(machine),
      existed_(fs::exists(settings.out)),
      is_new_(!fs::exists(fs::path(settings.out) / kConfigurationFile)) {}

RunFolders::~RunFolders() {
  if (kept_ || !is_new_ || !machine_.is_first()) return;
  remove_folders(settings_.out, existed_);
}

void RunFolders::make(const std::string& configuration,
                      const std::vector<RunPlan>& plans, const Images& images) {
  on_first(machine_,
           [&] { make_folders(settings_, configuration, plans, images); });
}

}  // namespace expandnet::examples
