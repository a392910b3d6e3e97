// commands.h: the commands of a training program, a file each.
#pragma once

#include <string>

#include "trainers/app/runs/trainer.h"

namespace expandnet::examples {

/// Do what their words say, of which the first is the command, and return the
/// status to exit with: 2 after wrong usage, whose message is on stderr by
/// then. `prototype` holds what no flag has set. Errors throw.

/// Trains and compares. `command_line` is told in the report.
int train_command(const Trainer& prototype, Command command, int argc,
                  const char* const* argv, const std::string& command_line);

/// Evaluates the contracted weights of a finished run.
int evaluate_command(const Trainer& prototype, int argc,
                     const char* const* argv);

/// Contracts a checkpoint of a run.
int contract_command(const Trainer& prototype, int argc,
                     const char* const* argv);

}  // namespace expandnet::examples
