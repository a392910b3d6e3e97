// run_context.h: what the runs of one program share.
#pragma once

#include <expandnet/train/training.h>

#include <string>

#include "trainers/app/runs/machine.h"
#include "trainers/app/runs/trainer.h"

namespace expandnet::examples {

/// The trainer and its images must outlive it.
struct RunContext {
  const Trainer& trainer;
  const Images& images;
  Machine machine;
  tasks::Task task;

  [[nodiscard]] const Settings& settings() const { return trainer.settings; }
  /// Whether a run of `recipe` trains a nonlinear twin first.
  [[nodiscard]] bool has_twin(const std::string& recipe) const {
    return settings().init.twin && recipe != "none";
  }
};

/// Loads the teacher, where there is one, from a run or from TorchScript.
/// Throws `c10::Error` for one that is not finished or has learnt other
/// classes.
RunContext make_context(const Trainer& trainer, const Images& images,
                        const Machine& machine);

}  // namespace expandnet::examples
