// program.h: a training program, from its command line to its exit status.
#pragma once

#include <vector>

#include "trainers/app/commands/commands.h"

namespace expandnet::examples {

/// Runs the command of the command line: `train`, `compare`, `evaluate`,
/// `contract`, or one of the program's `own` commands. Returns the exit status:
/// 0; 1 after an error; 2 after wrong usage; or 128 plus the number of the
/// signal that interrupted the program. Messages are printed on stderr.
int run_program(const Trainer& prototype, int argc, const char* const* argv,
                const std::vector<ProgramCommand>& own = {});

}  // namespace expandnet::examples
