// commands.h: the commands of a training program, a file each.
#pragma once

#include <string>
#include <vector>

#include "trainers/app/runs/trainer.h"

namespace expandnet::examples {

/// The words of a command line that belong to a command, the command first.
struct Words {
  int argc;
  const char* const* argv;
  std::string line;  ///< the whole command line, as reports tell it
};

/// A command of every training program.
struct ProgramCommand {
  std::string name;
  std::string description;
  /// Does what the words say, and returns the status to exit with: 2 after
  /// wrong usage, whose message is on stderr by then. `prototype` holds what
  /// no flag has set. Errors throw.
  int (*run)(const Trainer& prototype, const Words& words);
};

/// Trains one net, contracts it and saves it.
int train_command(const Trainer& prototype, const Words& words);

/// Trains several expansions of a net from several seeds.
int compare_command(const Trainer& prototype, const Words& words);

/// Evaluates the contracted weights of a finished run.
int evaluate_command(const Trainer& prototype, const Words& words);

/// Contracts a checkpoint of a run.
int contract_command(const Trainer& prototype, const Words& words);

/// Analyzes finished runs; of classifiers only.
int analyze_command(const Trainer& prototype, const Words& words);

/// The commands that classifiers have besides those of all programs.
std::vector<ProgramCommand> classifier_commands();

}  // namespace expandnet::examples
