#include "trainers/app/commands/program.h"

#include <expandnet/version.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "command_line/command_line.h"
#include "command_line/memory.h"
#include "command_line/status.h"

namespace expandnet::examples {

namespace {

std::vector<ProgramCommand> all_commands(
    const std::vector<ProgramCommand>& own) {
  std::vector<ProgramCommand> commands = {
      {"train", "trains one net, contracts it and saves it", train_command},
      {"compare", "trains several expansions of a net from several seeds",
       compare_command},
      {"evaluate", "evaluates the contracted weights of a run",
       evaluate_command},
      {"contract", "contracts a checkpoint of a run", contract_command}};
  commands.insert(commands.end(), own.begin(), own.end());
  return commands;
}

}  // namespace

int run_program(const Trainer& prototype, int argc, const char* const* argv,
                const std::vector<ProgramCommand>& own) try {
  keep_freed_memory();
  CLI::App app("Trains networks as they are and expanded.", prototype.name());
  app.set_version_flag("--version", "expandnet " EXPANDNET_VERSION);
  app.require_subcommand(1);
  const auto commands = all_commands(own);
  for (const auto& command : commands) {
    app.add_subcommand(command.name, command.description);
  }
  try {
    // The words of a command are read by an app of its own: CLI11 reads the
    // keys of configuration files for whole apps only.
    app.parse(std::min(argc, 2), argv);
  } catch (const CLI::ParseError& error) {
    return status_after(app, error);
  }
  std::string line = prototype.name();
  for (int i = 1; i < argc; ++i) line += std::string(" ") + argv[i];
  const auto named = std::find_if(
      commands.begin(), commands.end(),
      [&](const auto& command) { return command.name == argv[1]; });
  return named->run(prototype, {argc - 1, argv + 1, line});
} catch (...) {
  return failure_status();
}

}  // namespace expandnet::examples
