// session.h: runs `train` and `compare`, for any nets and images.
#pragma once

#include <string>

#include "trainers/app/runs/machine.h"
#include "trainers/app/runs/trainer.h"
#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

struct Session {
  Command command = Command::kTrain;
  std::string command_line;
};

/// Trains everything that the settings ask for and writes all files to
/// `settings.out`, which must have passed `check_out`. Returns the exit status.
/// An error before the first checkpoint or epoch leaves no new folder.
int run_session(const Session& session, const Trainer& trainer,
                const Images& images, const Machine& machine);

}  // namespace expandnet::examples
