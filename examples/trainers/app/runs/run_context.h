// run_context.h: the objects that all runs of a program share.
#pragma once

#include <expandnet/train/training.h>

#include <string>

#include "trainers/app/runs/machine.h"
#include "trainers/app/runs/trainer.h"

namespace expandnet::examples {

/// The trainer and its images must outlive this object.
struct RunContext {
  const Trainer& trainer;
  const Images& images;
  Machine machine;
  tasks::Task task;

  [[nodiscard]] const Settings& settings() const { return trainer.settings; }
  /// Whether a run of `recipe` first trains a nonlinear twin.
  [[nodiscard]] bool has_twin(const std::string& recipe) const {
    return settings().init.twin && recipe != "none";
  }
};

/// Loads the teacher, if there is one, from a run or from TorchScript. Throws
/// `c10::Error` for a run that is not finished or has other classes.
RunContext make_context(const Trainer& trainer, const Images& images,
                        const Machine& machine);

}  // namespace expandnet::examples
