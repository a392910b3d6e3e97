// confusion_log.h: measures the gradient confusion of a run after each epoch.
#pragma once

#include <expandnet/train/training.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "trainers/app/runs/run_context.h"
#include "trainers/app/runs/trainable_model.h"

namespace expandnet::examples {

/// The result of `--confusion` for an epoch.
struct EpochConfusion {
  std::int64_t epoch = 0;
  std::vector<double> fold;     ///< cosines of the compact weights' gradients;
                                ///< empty for expanded modules
  std::vector<double> factors;  ///< of the factors' gradients; empty for
                                ///< compact
};

/// Reads the results in a run's folder, sorted by epoch; empty if the run was
/// not measured. Leaves out cosines that are NaN. Throws `c10::Error` for a
/// damaged file.
std::vector<EpochConfusion> read_confusion(const std::string& folder);

/// Measures gradient confusion after each epoch, on batches of its own, and
/// writes it to confusion.jsonl in the run's folder. Does not change the run.
///
/// It must observe a run before the run's checkpoints do, so that the file has
/// every epoch that a checkpoint has. Lines of epochs that are repeated are
/// replaced.
class ConfusionLog : public train::Observer {
 public:
  /// `trainable` and the objects that `context` refers to must outlive this
  /// object. `settings` are those of the run.
  ConfusionLog(const TrainableModel& trainable, std::string folder,
               const Settings& settings, const RunContext& context);

  void on_epoch(const train::Training& training) override;

 private:
  const TrainableModel& trainable_;
  std::string folder_;
  std::int64_t pairs_;
  std::uint64_t seed_;
  const Images& images_;
  tasks::Task task_;
  train::Precision precision_;
  std::unique_ptr<data::BatchSource> batches_;  ///< null before the first epoch
};

}  // namespace expandnet::examples
