// training.h: a training run, one step at a time.
//
// The loop is the same for a compact net, a net in weight space and a net of
// expanded modules. It is an object, not a function, so that several runs can
// take turns on one device, and so that a run can be stopped and resumed at any
// step.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/loading/batch_source.h>
#include <expandnet/distributed/gradient_reducer.h>
#include <expandnet/distributed/process_group.h>
#include <expandnet/passes/expand.h>
#include <expandnet/tasks/task.h>
#include <expandnet/train/epoch_record.h>
#include <expandnet/train/exponential_moving_average.h>
#include <expandnet/train/model.h>
#include <expandnet/train/precision.h>
#include <expandnet/train/schedules.h>
#include <expandnet/train/step.h>
#include <torch/optim/optimizer.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace expandnet::train {

/// Which epoch's weights are the result of a run. "Best" means the highest
/// value of the first metric of the task's meter.
enum class Select {
  kBestValidation,  ///< best on the validation set; the earliest of equals
  kLast,
  kBestTest,  ///< best on the test set: optimistic, as in the paper
};

/// What a run works on. Everything except the task must outlive the run.
struct TrainingParts {
  Model model;
  torch::optim::Optimizer* optimizer = nullptr;
  Expansion* expansion = nullptr;  ///< null unless training in weight space
  data::BatchSource* training = nullptr;
  /// Optional sets, evaluated after each epoch.
  data::BatchSource* validation = nullptr;
  data::BatchSource* test = nullptr;
  tasks::Task task;  ///< unset members are those of classification
};

struct TrainingOptions {
  std::int64_t epochs = 150;
  c10::Device device = c10::kCPU;
  Precision precision = Precision::kFloat32;
  /// Multiplier of the optimizer's initial learning rates, by the position in
  /// epochs; empty: the rates are constant.
  Schedule schedule;
  /// Whether the rate also follows the schedule within an epoch.
  bool schedule_per_iteration = false;
  /// Multiplier of the optimizer's initial weight decays and of
  /// `step.fold_decay`, by the position in epochs; empty: the decays are
  /// constant. With such a schedule, steps are not captured.
  Schedule decay_schedule;
  Select select = Select::kBestValidation;
  /// Decay of the moving average of the weights (exponential_moving_average.h).
  /// With an average, evaluation and selection use the average. 0: no average.
  double ema = 0;
  StepOptions step;  ///< its reducer is ignored
  /// The processes that train the model together, each on its own equal share
  /// of the batches; null in single-process training. Must outlive the run.
  distributed::ProcessGroup* ranks = nullptr;
  /// Whether BatchNorm uses the statistics of all ranks' batches
  /// (passes/synchronize_batch_norm.h); false: of each rank's own. A single
  /// process has LibTorch's BatchNorm in any case.
  bool sync_batch_norm = false;
  /// Seed of the model's own randomness (dropout) in distributed training,
  /// where each rank is reseeded at every step. Ignored in single-process
  /// training, which uses LibTorch's generator as it is.
  std::uint64_t seed = 0;
};

class Training;

/// Is notified of the progress of a run.
class EXPANDNET_API Observer {
 public:
  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer() = default;
  virtual void on_step(const Training& /*training*/) {}
  /// Called after the evaluation that ends an epoch.
  virtual void on_epoch(const Training& /*training*/) {}
};

/// Thrown when a loss or a weight is not finite. The model's state at that
/// moment is in no checkpoint.
class EXPANDNET_API Diverged : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A training run: forward, loss, backward, pull back, update and fold for each
/// batch, and an evaluation after each epoch.
///
/// Ranks that train together start from rank 0's weights, average the gradients
/// of the model (in weight space, those of the compact network) and make the
/// same updates, so that model, factors and optimizer stay equal on all ranks;
/// the run checks this from time to time. BatchNorm's statistics come from each
/// rank's own images unless `sync_batch_norm` is set; rank 0's statistics are
/// evaluated and saved.
///
///     Training training({model, &optimizer, &expansion, &batches}, options);
///     while (!training.finished()) training.step();
class EXPANDNET_API Training {
 public:
  /// Throws `c10::Error` for missing parts, options out of range, a selection
  /// without the set that it selects on, and a BatchNorm that has to be
  /// synchronized and cannot be.
  Training(TrainingParts parts, TrainingOptions options);

  /// Adds an observer. Observers are notified in the order in which they were
  /// added; they must outlive the run.
  void observe(Observer& observer);

  /// Trains on the next batch, and evaluates after the last batch of an epoch.
  /// Returns whether this was the last batch.
  ///
  /// Throws `Diverged` if the loss is not finite. The CPU notices at once, CUDA
  /// at most 50 steps later, because reading every loss would wait for every
  /// step. At the end of an epoch, before observers are notified, the losses of
  /// the evaluation and the weights are checked as well. Throws `c10::Error` if
  /// the run is finished, and if a rank has died, hangs or has different
  /// weights; the message names the rank.
  bool step();
  [[nodiscard]] bool finished() const { return epoch_ == options_.epochs; }

  /// The number of finished epochs, and of steps in the current epoch.
  [[nodiscard]] std::int64_t epoch() const { return epoch_; }
  [[nodiscard]] std::int64_t iteration() const { return iteration_; }
  /// Batches in an epoch; with accumulation, only those of whole updates.
  [[nodiscard]] std::int64_t steps_per_epoch() const;
  /// Whether a checkpoint taken now is exact: accumulated gradients of an
  /// unfinished update are not saved.
  [[nodiscard]] bool between_updates() const { return step_.updated(); }
  [[nodiscard]] const std::vector<EpochRecord>& history() const {
    return history_;
  }
  /// The epoch that `select` has chosen so far, from 1; 0 before the first.
  [[nodiscard]] std::int64_t best_epoch() const { return best_epoch_; }
  [[nodiscard]] const TrainingOptions& options() const { return options_; }
  /// Makes another meter of the kind that evaluations use.
  [[nodiscard]] std::unique_ptr<tasks::Meter> new_meter() const {
    return parts_.task.meter(options_.device);
  }
  /// The moving average of the weights; null if there is none.
  [[nodiscard]] ExponentialMovingAverage* average() const {
    return average_.get();
  }

  /// Saves all that the run needs to continue with the same bits: model,
  /// average, factors, optimizer, position, metrics, random state. A loss with
  /// a state of its own must save that itself. All ranks must call this
  /// together.
  void save(torch::serialize::OutputArchive& archive) const;
  /// Restores what `save` wrote into a run of the same parts and options. The
  /// schedule starts from the saved learning rates.
  void load(torch::serialize::InputArchive& archive);
  /// Restores only the model, its average and the factors.
  void load_weights(torch::serialize::InputArchive& archive);

 private:
  torch::Tensor loss_of(const torch::Tensor& images,
                        const data::Tensors& targets);
  void start_epoch();
  void follow_schedules();
  void finish_epoch();
  [[noreturn]] void diverged(const std::string& what) const;
  void check_finite(const tasks::Metrics& metrics,
                    const std::string& set = "") const;
  /// The metric that selects an epoch; absent if none does.
  [[nodiscard]] std::optional<double> selecting(
      const EpochRecord& record) const;
  [[nodiscard]] std::optional<tasks::Metrics> evaluated(
      data::BatchSource* batches) const;
  void check_finite_weights() const;
  void begin_together();
  void set_initial_rates(const at::Tensor& rates);
  void synchronize_statistics();
  void take_first_buffers();
  void check_together();

  TrainingParts parts_;
  TrainingOptions options_;
  std::vector<double> initial_rates_;
  std::vector<double> initial_decays_;  ///< empty without a decay schedule
  std::unique_ptr<distributed::GradientReducer> reducer_;
  Step step_;
  std::unique_ptr<ExponentialMovingAverage> average_;
  std::unique_ptr<tasks::Meter> meter_;  ///< sums up the training metrics of
                                         ///< the current epoch
  std::string selecting_;                ///< name of the metric that selects
  std::vector<Observer*> observers_;
  std::vector<EpochRecord> history_;
  std::int64_t best_epoch_ = 0;
  std::int64_t epoch_ = 0;
  std::int64_t iteration_ = 0;
  bool epoch_started_ = false;
  double seconds_ = 0;  ///< of this epoch, before a resume
  double started_ = 0;  ///< time on the steady clock
};

}  // namespace expandnet::train
