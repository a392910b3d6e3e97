// arguments.h: reads a trainer's values from flags and configuration files.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "trainers/app/runs/trainer.h"

namespace expandnet::examples {

/// Binds a trainer to the flags of an app and to the keys of configuration
/// files; its current values are the defaults.
void add_arguments(CLI::App& app, Trainer& trainer, Command command);

/// Completes `settings.absent`, the values of flags that old configurations
/// lack, with the defaults. Call it before `app` parses.
void add_absent_values(const CLI::App& app, Settings& settings);

/// Sets the defaults that depend on other flags, given by `words`, which follow
/// the command. Ignores all errors.
void set_defaults(Trainer& trainer, Command command,
                  std::vector<std::string> words);

/// Returns the configuration file of the run that a command resumes, given its
/// `words` as above: "--resume --out FOLDER" is all that it needs. Absent if
/// there is no run, if the file is damaged, or if --config names another file.
std::optional<std::string> resumed_configuration(
    const Trainer& trainer, Command command, std::vector<std::string> words);

/// Sets the defaults of `app` for the keys that a configuration lacks: the
/// values that they had before there were such flags.
void take_absent_values(CLI::App& app, const Settings& settings,
                        const std::string& configuration);

/// Returns all values of a trainer, as a configuration file for that command.
std::string configuration_of(const Trainer& trainer, Command command);

/// Returns the folders of a comparison's runs, sorted; empty for the folder of
/// one run.
std::vector<std::string> runs_in(const std::string& folder);

/// Returns a trainer with the values of the run in a folder. Throws
/// `c10::Error` if there is no run.
std::unique_ptr<Trainer> trainer_of_run(const Trainer& prototype,
                                        const std::string& folder);

}  // namespace expandnet::examples
