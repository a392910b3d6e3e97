#include "trainers/app/commands/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>

#include "command_line/command_line.h"
#include "command_line/memory.h"
#include "command_line/status.h"
#include "trainers/app/commands/commands.h"

namespace expandnet::examples {

namespace {

void add_commands(CLI::App& app) {
  app.set_version_flag("--version", "expandnet " EXPANDNET_VERSION);
  app.require_subcommand(1);
  app.add_subcommand("train", "trains one net, contracts it and saves it");
  app.add_subcommand("compare",
                     "trains several expansions of a net from several seeds");
  app.add_subcommand("evaluate", "evaluates the contracted weights of a run");
  app.add_subcommand("contract", "contracts a checkpoint of a run");
}

}  // namespace

int run_program(const Trainer& prototype, int argc,
                const char* const* argv) try {
  keep_freed_memory();
  CLI::App app("Trains networks as they are and expanded.", prototype.name());
  add_commands(app);
  try {
    // The words of a command are read by an app of its own: CLI11 reads the
    // keys of configuration files for whole apps only.
    app.parse(std::min(argc, 2), argv);
  } catch (const CLI::ParseError& error) {
    return status_after(app, error);
  }
  std::string line = prototype.name();
  for (int i = 1; i < argc; ++i) line += std::string(" ") + argv[i];
  --argc, ++argv;
  const std::string command = argv[0];
  if (command == "evaluate") return evaluate_command(prototype, argc, argv);
  if (command == "contract") return contract_command(prototype, argc, argv);
  return train_command(prototype,
                       command == "train" ? Command::kTrain : Command::kCompare,
                       argc, argv, line);
} catch (...) {
  return failure_status();
}

}  // namespace expandnet::examples
