// arguments.h: what a trainer is told, by flags and by configuration files.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "trainers/app/runs/trainer.h"

namespace expandnet::examples {

/// Binds a trainer to the flags of an app, and to the keys of configuration
/// files; what it holds are the defaults.
void add_arguments(CLI::App& app, Trainer& trainer, Command command);

/// Completes what flags stand for in configurations that lack them by their
/// defaults, which `app` holds until it parses.
void add_absent_values(const CLI::App& app, Settings& settings);

/// Sets the defaults that depend on other flags, as `words` have them, which
/// follow the command. Passes over all errors.
void set_defaults(Trainer& trainer, Command command,
                  std::vector<std::string> words);

/// The configuration file of the run that a command goes on with, by `words` as
/// above: "--resume --out FOLDER" is all that it needs. Nothing where there is
/// none, where the file is damaged, and where --config names another.
std::optional<std::string> resumed_configuration(
    const Trainer& trainer, Command command, std::vector<std::string> words);

/// Makes what keys stand for that a configuration lacks the defaults of `app`.
void take_absent_values(CLI::App& app, const Settings& settings,
                        const std::string& configuration);

/// All that a trainer was told, as a configuration file of that command.
std::string configuration_of(const Trainer& trainer, Command command);

/// The folders of a comparison's runs, sorted; none in the folder of one run.
std::vector<std::string> runs_in(const std::string& folder);

/// A trainer as the run in a folder was told. Throws `c10::Error` where there
/// is no run.
std::unique_ptr<Trainer> trainer_of_run(const Trainer& prototype,
                                        const std::string& folder);

}  // namespace expandnet::examples
