// confusion_log.h: the gradient confusion of a run, epoch by epoch.
#pragma once

#include <expandnet/train/training.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "trainers/app/runs/run_context.h"
#include "trainers/app/runs/trainee.h"

namespace expandnet::examples {

/// What `--confusion` has measured after an epoch.
struct EpochConfusion {
  std::int64_t epoch = 0;
  std::vector<double> fold;     ///< cosines of the compact weights' gradients;
                                ///< none for expanded modules
  std::vector<double> factors;  ///< of the factors' gradients; none for compact
};

/// What a run's folder has of it, sorted by epoch; none where the run was not
/// measured. Cosines that are no numbers are left out. Throws `c10::Error` for
/// a file that is damaged.
std::vector<EpochConfusion> read_confusion(const std::string& folder);

/// Measures gradient confusion after each epoch, on batches of its own, and
/// keeps it in confusion.jsonl of the run's folder. Leaves the run as it was.
///
/// It observes a run before its checkpoints do: an epoch that a checkpoint has
/// is in the file. What the file has of epochs that are repeated is replaced.
class ConfusionLog : public train::Observer {
 public:
  /// `trainee` and what `context` is of must outlive it. `settings` are those
  /// of the run.
  ConfusionLog(const Trainee& trainee, std::string folder,
               const Settings& settings, const RunContext& context);

  void on_epoch(const train::Training& training) override;

 private:
  const Trainee& trainee_;
  std::string folder_;
  std::int64_t pairs_;
  std::uint64_t seed_;
  const Images& images_;
  tasks::Task task_;
  train::Precision precision_;
  std::unique_ptr<data::BatchSource> batches_;  ///< null before the first epoch
};

}  // namespace expandnet::examples
