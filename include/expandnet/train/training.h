// training.h: a training run, one step at a time.
//
// Whatever trains (a compact net, an expanded one in weight space or of
// modules), the loop is the same. It is an object instead of a function so that
// several runs can take turns on one device, and so that a run can be left and
// taken up at any step.
#pragma once

#include <expandnet/data/loading/batch_source.h>
#include <expandnet/distributed/gradient_reducer.h>
#include <expandnet/distributed/ranks.h>
#include <expandnet/passes/expand.h>
#include <expandnet/tasks/task.h>
#include <expandnet/train/epoch_record.h>
#include <expandnet/train/model.h>
#include <expandnet/train/precision.h>
#include <expandnet/train/schedules.h>
#include <expandnet/train/step.h>
#include <expandnet/train/weight_average.h>
#include <torch/optim/optimizer.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace expandnet::train {

/// Which epoch's weights are the run's result: "best" is the highest value of
/// the first metric of the task's meter.
enum class Select {
  kBestValidation,  ///< best on the validation set; of equals, the earliest
  kLast,
  kBestTest,  ///< best on the test set: optimistic, the paper's habit
};

/// What a run works on. All of it but the task must outlive the run.
struct TrainingParts {
  Model model;
  torch::optim::Optimizer* optimizer = nullptr;
  Expansion* expansion = nullptr;  ///< for training in weight space
  data::BatchSource* training = nullptr;
  /// Evaluated after each epoch, where given.
  data::BatchSource* validation = nullptr;
  data::BatchSource* test = nullptr;
  tasks::Task task;  ///< what is not set is that of classification
};

struct TrainingOptions {
  std::int64_t epochs = 150;
  c10::Device device = c10::kCPU;
  Precision precision = Precision::kFloat32;
  /// Of the position in epochs; empty: a constant rate. The optimizer's
  /// learning rates at the start are what it multiplies.
  Schedule schedule;
  /// Whether the rate follows the schedule within an epoch, too.
  bool schedule_per_iteration = false;
  /// Of the weight decay, likewise: what it multiplies are the optimizer's
  /// decays at the start and `step.fold_decay`; empty: constant. Steps are not
  /// captured then.
  Schedule decay_schedule;
  Select select = Select::kBestValidation;
  /// Decay of the weights' moving average (weight_average.h), which is then
  /// what is evaluated and selected; 0: none.
  double ema = 0;
  StepOptions step;  ///< but for its reducer
  /// The processes that train the model together, of whose batches each has its
  /// own equal share; null: this one trains alone. Must outlive the run.
  distributed::Ranks* ranks = nullptr;
  /// Whether the statistics of BatchNorm are those of all ranks' batches
  /// (passes/synchronize_batch_norm.h); false: of each rank's own. One rank has
  /// LibTorch's BatchNorm in any case.
  bool sync_batch_norm = false;
  /// Of what the model draws (dropout) where ranks train together: each draws
  /// anew at each step. Alone it draws from LibTorch's generator as it is.
  std::uint64_t seed = 0;
};

class Training;

/// Is told how a run goes on.
class Observer {
 public:
  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer() = default;
  virtual void on_step(const Training& /*training*/) {}
  /// After the evaluation that ends an epoch.
  virtual void on_epoch(const Training& /*training*/) {}
};

/// Thrown where a loss or a weight is not finite. No checkpoint holds what is
/// in the model then.
class Diverged : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A run: forward, loss, backward, pull back, update and fold for each batch,
/// and an evaluation after each epoch.
///
/// Ranks that train together begin with rank 0's weights, average the gradients
/// of the model (in weight space, those of the compact network) and make the
/// same updates, so that model, factors and optimizer stay the same on all;
/// that they are is checked now and then. BatchNorm's statistics are of each
/// rank's own images unless `sync_batch_norm` is set; those of rank 0 are
/// evaluated and saved.
///
///     Training training({model, &optimizer, &expansion, &batches}, options);
///     while (!training.finished()) training.step();
class Training {
 public:
  /// Throws `c10::Error` for parts that are missing, options out of range, a
  /// selection without the set it selects on, and a BatchNorm that has to be
  /// synchronized and cannot be.
  Training(TrainingParts parts, TrainingOptions options);

  /// Observers are told in the order in which they came; they must outlive the
  /// run.
  void observe(Observer& observer);

  /// Trains on the next batch; the last one of an epoch is followed by the
  /// evaluation. Returns whether it was one.
  ///
  /// Throws `Diverged` where the loss is not a finite number. That is found at
  /// once on the CPU, on CUDA at most 50 steps later: to look at each loss
  /// would be to wait for each step. At the end of an epoch, before observers
  /// are told, the losses of evaluation and the weights are looked at, too.
  /// Throws `c10::Error` once finished, and where a rank has died, hangs or has
  /// come to other weights, naming it.
  bool step();
  [[nodiscard]] bool finished() const { return epoch_ == options_.epochs; }

  /// Finished epochs, and steps of the current one.
  [[nodiscard]] std::int64_t epoch() const { return epoch_; }
  [[nodiscard]] std::int64_t iteration() const { return iteration_; }
  /// Batches in an epoch; of those that are accumulated, whole updates only.
  [[nodiscard]] std::int64_t steps_per_epoch() const;
  /// Whether a checkpoint taken now is exact: gradients that wait for more
  /// batches of their update are not in it.
  [[nodiscard]] bool between_updates() const { return step_.updated(); }
  [[nodiscard]] const std::vector<EpochRecord>& history() const {
    return history_;
  }
  /// The epoch that `select` chooses of those so far, from 1; 0: none yet.
  [[nodiscard]] std::int64_t best_epoch() const { return best_epoch_; }
  [[nodiscard]] const TrainingOptions& options() const { return options_; }
  /// Another meter of the kind that evaluations count with.
  [[nodiscard]] std::unique_ptr<tasks::Meter> new_meter() const {
    return parts_.task.meter(options_.device);
  }
  /// The weights' moving average; null without one.
  [[nodiscard]] WeightAverage* average() const { return average_.get(); }

  /// All that the run needs to go on to the same bits: model, average,
  /// factors, optimizer, position, metrics, random state. Losses with a state
  /// of their own save it themselves. Ranks save together.
  void save(torch::serialize::OutputArchive& archive) const;
  /// Into a run of the same parts and options.
  void load(torch::serialize::InputArchive& archive);
  /// Of what `save` wrote, the model, its average and the factors alone.
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
  /// The number that selects an epoch, where one does.
  [[nodiscard]] std::optional<double> selecting(
      const EpochRecord& record) const;
  [[nodiscard]] std::optional<tasks::Metrics> evaluated(
      data::BatchSource* batches) const;
  void check_finite_weights() const;
  void begin_together();
  void synchronize_statistics();
  void take_first_buffers();
  void check_together();

  TrainingParts parts_;
  TrainingOptions options_;
  std::vector<double> initial_rates_;
  std::vector<double> initial_decays_;  ///< empty without a schedule
  std::unique_ptr<distributed::GradientReducer> reducer_;
  Step step_;
  std::unique_ptr<WeightAverage> average_;
  std::unique_ptr<tasks::Meter> meter_;  ///< of the current epoch's training
  std::string selecting_;                ///< the metric that selects
  std::vector<Observer*> observers_;
  std::vector<EpochRecord> history_;
  std::int64_t best_epoch_ = 0;
  std::int64_t epoch_ = 0;
  std::int64_t iteration_ = 0;
  bool epoch_started_ = false;
  double seconds_ = 0;  ///< of this epoch, before it was left and taken up
  double started_ = 0;  ///< on the steady clock
};

}  // namespace expandnet::train
