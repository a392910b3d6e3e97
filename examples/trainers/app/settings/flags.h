// flags.h: the flags that set what every trainer can be told.
#pragma once

#include "trainers/app/settings/settings.h"

namespace CLI {
class App;
}

namespace expandnet::examples {

/// Adds a flag, and a key of configuration files, for each setting.
void add_settings(CLI::App& app, Settings& settings, Command command);
/// Adds those that `evaluate` takes of a finished run.
void add_evaluation_settings(CLI::App& app, Settings& settings);

}  // namespace expandnet::examples
