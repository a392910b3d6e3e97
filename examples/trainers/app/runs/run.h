// run.h: trains one variant with one seed, from initial values to compact
// weights on disk.
#pragma once

#include <expandnet/train/checkpoints.h>
#include <expandnet/train/training.h>

#include <memory>
#include <string>
#include <vector>

#include "trainers/app/report/run_result.h"
#include "trainers/app/runs/confusion_log.h"
#include "trainers/app/runs/grid.h"
#include "trainers/app/runs/machine.h"
#include "trainers/app/runs/run_context.h"
#include "trainers/app/runs/run_files.h"
#include "trainers/app/runs/trainable_model.h"
#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// Which run to train, and where to store it.
struct RunPlan {
  std::shared_ptr<const Trainer> trainer;  ///< has the settings of this run
  std::string recipe;
  Cell cell;
  CellValues values;  ///< of the cell, if they were chosen
  std::uint64_t seed = 0;
  std::string folder;
  std::string configuration;  ///< content of a configuration file
  bool tunes = false;         ///< only its validation result is used
  bool shared = false;        ///< other processes may train it instead
  std::int64_t steps = 0;     ///< including those of its twin
  double step_ms = 1;         ///< duration of a step, to estimate the end

  [[nodiscard]] const Settings& settings() const { return trainer->settings; }
  /// Returns "ck+fc seed 0" or "ck+fc lr 0.03 seed 10000".
  [[nodiscard]] std::string name() const;
};

/// The training of one net, with all objects that it refers to.
class Stage {
 public:
  Stage(TrainableModel trainable, const RunPlan& plan,
        const std::string& folder, const Settings& settings,
        const RunContext& context);

  TrainableModel trainable;
  RunData data;
  std::unique_ptr<torch::optim::Optimizer> optimizer;
  std::unique_ptr<ConfusionLog> confusion;  ///< null if it is not measured
  train::Checkpoints checkpoints;
  train::Training training;
};

/// Makes the objects of a run and destroys them again: throws what a `Run`
/// would throw for wrong settings, before a folder is made. Ranks call it
/// together. Returns the notes of the Expansion, and about expensive chains.
std::vector<std::string> check_run(const RunPlan& plan,
                                   const RunContext& context);

/// A run in its folder; continues where it stopped.
class Run {
 public:
  /// Ranks that train together each make a Run; only the first one writes
  /// files. Builds the nets, for which it seeds LibTorch's global generator,
  /// and loads the last checkpoint if there is one. Not thread-safe with
  /// respect to other constructions of a Run, because of the global generator.
  Run(RunPlan plan, const RunContext& context);

  [[nodiscard]] const RunPlan& plan() const { return plan_; }
  void observe(train::Observer& observer);

  /// Metrics on the validation images before the first step; only for a net
  /// that starts from given weights.
  [[nodiscard]] const std::optional<tasks::Metrics>& before() const {
    return before_;
  }
  [[nodiscard]] bool finished() const { return main_->training.finished(); }
  /// Makes the next step, of the twin while that trains. A loss that is not
  /// finite throws an error that names the last checkpoint.
  void step();
  /// Number of steps so far, of twin and net.
  [[nodiscard]] std::int64_t steps_done() const;
  /// False while accumulated gradients are incomplete, which `save` would lose.
  [[nodiscard]] bool between_updates() const;
  [[nodiscard]] bool trains_twin() const { return twin_ != nullptr; }

  /// Saves the state, also in the middle of an epoch.
  void save() const;
  /// Lists images that were left out in skipped.txt, and returns their number.
  [[nodiscard]] std::int64_t keep_skipped() const;
  /// Loads the chosen epoch, contracts and tests the net, and saves compact
  /// weights. A run for tuning only returns its result.
  RunResult finish();
  void remove_checkpoints() const;
  [[nodiscard]] RunResult result_so_far() const;

 private:
  void hand_over_twin();

  RunPlan plan_;
  Machine machine_;
  std::int64_t train_parameters_ = 0;
  std::optional<std::int64_t> kept_parameters_;
  std::unique_ptr<Stage> twin_;  ///< null after the hand-over
  std::unique_ptr<Stage> main_;
  std::int64_t twin_steps_ = 0;
  std::optional<tasks::Metrics> before_;
};

}  // namespace expandnet::examples
