// program.h: a training program, from its command line to its exit status.
#pragma once

#include <vector>

#include "trainers/app/commands/commands.h"

namespace expandnet::examples {

/// Does what the command line says: `train`, `compare`, `evaluate`, `contract`,
/// or one of the program's `own` commands. Returns the status to exit with: 0,
/// 1 after an error, 2 after wrong usage, whose messages are on stderr, and 128
/// plus the signal that interrupted.
int run_program(const Trainer& prototype, int argc, const char* const* argv,
                const std::vector<ProgramCommand>& own = {});

}  // namespace expandnet::examples
