// session.h: what `train` and `compare` do, whatever the nets and images.
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

/// Trains everything the settings ask for and writes all files into
/// `settings.out`, which `check_out` has found good. Returns the status to exit
/// with. An error that comes before a checkpoint or an epoch leaves no new
/// folder.
int run_session(const Session& session, const Trainer& trainer,
                const Images& images, const Machine& machine);

}  // namespace expandnet::examples
