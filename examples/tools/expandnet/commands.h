// commands.h: the commands of expandnet, a file each.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace expandnet::examples {

struct Subcommand {
  CLI::App* app;
  /// Does what `app` has parsed. Returns the status to exit with; errors throw.
  std::function<int()> run;
};

/// Add the command, with its flags, to the program's app, which must outlive
/// it.

/// Contracts a file of weights.
Subcommand add_contract(CLI::App& program);
/// Lists what a file of weights holds.
Subcommand add_summary(CLI::App& program);
/// Compares two files of weights.
Subcommand add_verify(CLI::App& program);

}  // namespace expandnet::examples
