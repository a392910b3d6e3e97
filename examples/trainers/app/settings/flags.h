// flags.h: adds the flags that all trainers have.
#pragma once

#include "trainers/app/settings/settings.h"

namespace CLI {
class App;
}

namespace expandnet::examples {

/// Adds a flag, and a key of configuration files, for each setting.
void add_settings(CLI::App& app, Settings& settings, Command command);
/// Adds the flags for `evaluate`, which change how a finished run is evaluated.
void add_evaluation_settings(CLI::App& app, Settings& settings);

}  // namespace expandnet::examples
