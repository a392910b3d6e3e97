#include "trainers/app/settings/arguments.h"

#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/read_file.h"
#include "trainers/app/runs/run_files.h"
#include "trainers/app/settings/configuration.h"
#include "trainers/app/settings/flags.h"

namespace expandnet::examples {

void add_arguments(CLI::App& app, Trainer& trainer, Command command) {
  app.option_defaults()->always_capture_default()->take_last();
  app.set_config("--config", "", "a file of keys and values for these flags")
      ->configurable(false)
      ->check([&app](const std::string& file) {
        return complaint_about(file, app);
      });
  app.allow_config_extras(CLI::config_extras_mode::error);
  trainer.add_flags(app);
  add_settings(app, trainer.settings, command);
  if (!trainer.has_int8()) app.get_option("--int8")->group("");
  app.get_option("--expand")->check(CLI::IsMember(trainer.recipes()));
}

void add_absent_values(const CLI::App& app, Settings& settings) {
  for (const auto& pair : keys_and_values(configuration_of(app))) {
    settings.absent.insert(pair);
  }
}

namespace {

/// Reads what can be read of `words`. Errors are told when all of them are read
/// for good.
void read_leniently(CLI::App& app, Trainer& trainer, Command command,
                    std::vector<std::string> words) {
  app.set_help_flag();  // help would end the reading
  add_arguments(app, trainer, command);
  app.allow_extras();
  std::reverse(words.begin(), words.end());
  try {
    app.parse(words);
  } catch (const CLI::ParseError&) {
  }
}

}  // namespace

std::optional<std::string> resumed_configuration(
    const Trainer& trainer, Command command, std::vector<std::string> words) {
  const auto asked = trainer.clone();
  CLI::App app;
  read_leniently(app, *asked, command, std::move(words));
  if (!asked->settings.resume || app.count("--config") > 0) {
    return std::nullopt;
  }
  const auto file =
      std::filesystem::path(asked->settings.out) / kConfigurationFile;
  if (!std::filesystem::exists(file) ||
      !complaint_about(file.string(), app).empty()) {
    return std::nullopt;
  }
  return file.string();
}

void take_absent_values(CLI::App& app, const Settings& settings,
                        const std::string& configuration) {
  for (const auto& [key, value] : settings.absent) {
    if (value_at(configuration, key)) continue;
    auto* option = app.get_option("--" + key);
    option->run_callback_for_default()->default_val(value);
  }
}

void set_defaults(Trainer& trainer, Command command,
                  std::vector<std::string> words) {
  const auto asked = trainer.clone();
  CLI::App app;
  read_leniently(app, *asked, command, std::move(words));
  const bool starts_from_weights = !asked->settings.fine_tuning.weights.empty();
  asked->settings = trainer.settings;
  asked->set_defaults(command);
  trainer.settings = asked->settings;
  if (starts_from_weights) {
    trainer.settings.init = {InitialValues::kPreserving};
  }
}

std::string configuration_of(const Trainer& trainer, Command command) {
  const auto copy = trainer.clone();
  CLI::App app;
  add_arguments(app, *copy, command);
  return configuration_of(app);
}

std::vector<std::string> runs_in(const std::string& folder) {
  std::vector<std::string> runs;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const bool is_run =
        entry.is_directory() &&
        std::filesystem::exists(entry.path() / kConfigurationFile);
    if (is_run) runs.push_back(entry.path().string());
  }
  std::sort(runs.begin(), runs.end());
  return runs;
}

std::unique_ptr<Trainer> trainer_of_run(const Trainer& prototype,
                                        const std::string& folder) {
  const auto file =
      (std::filesystem::path(folder) / kConfigurationFile).string();
  TORCH_CHECK(std::filesystem::exists(file),
              error_message(
                  prototype.name(),
                  std::string("a run's folder must hold ") + kConfigurationFile,
                  "\"" + folder + "\"", "name one that train has made"));
  const auto runs = runs_in(folder);
  TORCH_CHECK(runs.empty(),
              error_message(prototype.name(), "must be the folder of one run",
                            "that of a comparison, \"" + folder + "\"",
                            "name one of its runs: " + c10::Join(", ", runs)));
  CLI::App app("", prototype.name() + " train");
  auto trainer = prototype.clone();
  trainer->settings.absent.clear();  // of another run
  set_defaults(*trainer, Command::kTrain, {"--config", file});
  add_arguments(app, *trainer, Command::kTrain);
  take_absent_values(app, trainer->settings, "");
  try {
    app.parse(std::vector<std::string>{file, "--config"});  // in reverse
  } catch (const CLI::ParseError& error) {
    TORCH_CHECK(false, error_message(prototype.name(),
                                     file + " must be a run's configuration",
                                     std::string("an error: ") + error.what()));
  }
  const auto pairs = keys_and_values(read_file(file));
  for (const auto& required : keys_of_every_run()) {
    const bool is_there =
        std::any_of(pairs.begin(), pairs.end(),
                    [&](const auto& pair) { return pair.first == required; });
    TORCH_CHECK(is_there,
                error_message(prototype.name(),
                              file + " must be a run's configuration, whole",
                              "none of its \"" + required + "\""));
  }
  trainer->settings.out = folder;  // it may have been moved
  return trainer;
}

}  // namespace expandnet::examples
