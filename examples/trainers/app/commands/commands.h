// commands.h: the commands of a training program, one file each.
#pragma once

#include <string>
#include <vector>

#include "trainers/app/runs/trainer.h"

namespace expandnet::examples {

/// The words of a command line from the name of the command on.
struct Words {
  int argc;
  const char* const* argv;
  std::string line;  ///< the whole command line, for reports
};

/// A command of a training program.
struct ProgramCommand {
  std::string name;
  std::string description;
  /// Runs the command and returns the exit status: 2 after wrong usage, whose
  /// message it has printed on stderr. `prototype` holds the values of flags
  /// that are not given. Errors throw.
  int (*run)(const Trainer& prototype, const Words& words);
};

/// Trains one net, contracts it and saves it.
int train_command(const Trainer& prototype, const Words& words);

/// Trains several expansions of a net with several seeds.
int compare_command(const Trainer& prototype, const Words& words);

/// Evaluates the contracted weights of a finished run.
int evaluate_command(const Trainer& prototype, const Words& words);

/// Contracts a checkpoint of a run.
int contract_command(const Trainer& prototype, const Words& words);

/// Analyzes finished runs; only for classifiers.
int analyze_command(const Trainer& prototype, const Words& words);

/// Returns the commands of classifiers in addition to those of all programs.
std::vector<ProgramCommand> classifier_commands();

}  // namespace expandnet::examples
