// run.h: one variant from one seed, from its initial values to compact weights
// on disk.
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
#include "trainers/app/runs/trainee.h"
#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// Which run, and where it is kept.
struct RunPlan {
  std::shared_ptr<const Trainer> trainer;  ///< with the settings of this run
  std::string recipe;
  Cell cell;
  CellValues values;  ///< of the cell, those that were chosen
  std::uint64_t seed = 0;
  std::string folder;
  std::string configuration;  ///< the text of a configuration file
  bool tunes = false;         ///< only its validation is wanted
  bool shared = false;        ///< whether other processes may train it, too
  std::int64_t steps = 0;     ///< its twin's, too
  double step_ms = 1;         ///< what a step costs, to tell when all is done

  [[nodiscard]] const Settings& settings() const { return trainer->settings; }
  /// "ck+fc seed 0", "ck+fc lr 0.03 seed 10000"
  [[nodiscard]] std::string name() const;
};

/// Training of one net: all that has to stay where it is while it runs.
class Stage {
 public:
  Stage(Trainee trainee, const RunPlan& plan, const std::string& folder,
        const Settings& settings, const RunContext& context);

  Trainee trainee;
  RunData data;
  std::unique_ptr<torch::optim::Optimizer> optimizer;
  std::unique_ptr<ConfusionLog> confusion;  ///< null: is not measured
  train::Checkpoints checkpoints;
  train::Training training;
};

/// Makes what a run is made of and drops it: throws what a `Run` would for
/// settings that are wrong, before there is a folder. Ranks do so together.
/// Returns the notes of its Expansion, and of chains that cost much.
std::vector<std::string> check_run(const RunPlan& plan,
                                   const RunContext& context);

/// A run in its folder, taken up where it was left.
class Run {
 public:
  /// Ranks that train together each make one; of these, the first alone writes.
  /// Builds the nets, seeds LibTorch's global generator to do so, and loads the
  /// last checkpoint if there is one. Must not run beside another one's.
  Run(RunPlan plan, const RunContext& context);

  [[nodiscard]] const RunPlan& plan() const { return plan_; }
  void observe(train::Observer& observer);

  /// Of a net that starts from weights, on the validation images, before its
  /// first step.
  [[nodiscard]] const std::optional<tasks::Metrics>& before() const {
    return before_;
  }
  [[nodiscard]] bool finished() const { return main_->training.finished(); }
  /// Takes the next step, of the twin as long as it trains. A loss that is not
  /// finite ends in an error that names the last checkpoint.
  void step();
  /// Steps taken so far, by twin and net.
  [[nodiscard]] std::int64_t steps_done() const;
  /// Whether no gradients wait for more batches, which `save` would lose.
  [[nodiscard]] bool between_updates() const;
  [[nodiscard]] bool trains_twin() const { return twin_ != nullptr; }

  /// Saves the state in the middle of an epoch.
  void save() const;
  /// Training images left out so far, which are listed in skipped.txt.
  [[nodiscard]] std::int64_t keep_skipped() const;
  /// Loads the chosen epoch, contracts it, tests it, saves compact weights. A
  /// run that tunes has its result already.
  RunResult finish();
  void remove_checkpoints() const;
  [[nodiscard]] RunResult result_so_far() const;

 private:
  void hand_over_twin();

  RunPlan plan_;
  Machine machine_;
  std::int64_t train_parameters_ = 0;
  std::optional<std::int64_t> kept_parameters_;
  std::unique_ptr<Stage> twin_;  ///< gone once it has handed over
  std::unique_ptr<Stage> main_;
  std::int64_t twin_steps_ = 0;
  std::optional<tasks::Metrics> before_;
};

}  // namespace expandnet::examples
