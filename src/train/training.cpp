#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/tensor.h>
#include <c10/util/Exception.h>
#include <expandnet/passes/synchronize_batch_norm.h>
#include <expandnet/tasks/classification/classification.h>
#include <expandnet/train/evaluate.h>
#include <expandnet/train/training.h>
#include <torch/serialize/archive.h>
#include <torch/utils.h>

#include <chrono>
#include <cmath>
#include <mutex>
#include <sstream>
#include <utility>

#include "base/error.h"
#include "base/splitmix.h"
#include "io/pytorch/checkpoint_keys.h"
#include "train/parts.h"
#include "train/saved_history.h"

namespace expandnet::train {

namespace {

/// Steps between looks at the loss on a device that would have to be waited
/// for.
constexpr std::int64_t kLookEvery = 50;
/// Steps between looks whether all ranks have the same weights.
constexpr std::int64_t kCompareEvery = 500;

double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::vector<double> rates_of(const torch::optim::Optimizer& optimizer) {
  std::vector<double> rates;
  for (const auto& group : optimizer.param_groups()) {
    rates.push_back(group.options().get_lr());
  }
  return rates;
}

TrainingParts checked(TrainingParts parts, const TrainingOptions& options) {
  TORCH_CHECK(parts.model.module != nullptr && parts.model.forward,
              error_message("Training", "a model needs its module and forward",
                            "none", "make it with model_of"));
  TORCH_CHECK(parts.optimizer != nullptr && parts.training != nullptr,
              error_message(
                  "Training", "an optimizer and training batches must be given",
                  c10::str(parts.optimizer == nullptr ? "no optimizer"
                                                      : "no batches")));
  TORCH_CHECK(
      parts.training->size() > 0,
      error_message("Training", "there must be batches to train on", "none"));
  TORCH_CHECK(
      parts.training->size() >= options.step.accumulate,
      error_message(
          "Training", "an update must not need more batches than an epoch has",
          c10::str(options.step.accumulate, " of ", parts.training->size())));
  TORCH_CHECK(options.epochs > 0,
              error_message("Training", "epochs must be positive",
                            c10::str(options.epochs)));
  TORCH_CHECK(
      options.select != Select::kBestValidation || parts.validation != nullptr,
      error_message("Training",
                    "to select on the validation set there must be one", "none",
                    "set images apart, or select the last epoch"));
  TORCH_CHECK(
      options.select != Select::kBestTest || parts.test != nullptr,
      error_message("Training", "to select on the test set it must be given",
                    "none"));
  auto& task = parts.task;
  const auto usual = tasks::classification();
  if (!task.loss) task.loss = usual.loss;
  if (!task.meter) task.meter = usual.meter;
  if (!task.training_meter) task.training_meter = task.meter;
  return parts;
}

/// The gradients that ranks average: those of the model as it is.
std::unique_ptr<distributed::GradientReducer> reducer_of(
    const TrainingParts& parts, const TrainingOptions& options) {
  if (options.ranks == nullptr) return nullptr;
  std::vector<std::string> names;
  std::vector<at::Tensor> parameters;
  for (const auto& item : parts.model.module->named_parameters()) {
    if (!item.value().requires_grad()) continue;
    names.push_back(item.key());
    parameters.push_back(item.value());
  }
  return std::make_unique<distributed::GradientReducer>(names, parameters,
                                                        *options.ranks);
}

StepOptions step_options(const TrainingOptions& training,
                         distributed::GradientReducer* reducer) {
  auto options = training.step;
  options.reducer = reducer;
  if (training.decay_schedule) options.capture = false;
  return options;
}

/// Another number for each run, rank and step.
std::uint64_t draw_seed(const TrainingOptions& options, std::int64_t epoch,
                        std::int64_t iteration) {
  auto seed = options.seed;
  for (const auto part :
       {static_cast<std::int64_t>(options.ranks->rank()), epoch, iteration}) {
    seed = splitmix(seed + static_cast<std::uint64_t>(part) + kSplitMixStep);
  }
  return seed;
}

/// A batch is empty where none of its images could be read and they are
/// skipped. Only one process that updates after each batch can pass over it.
void check_may_pass_over(const TrainingOptions& options, std::int64_t epoch,
                         std::int64_t iteration) {
  if (options.ranks == nullptr && options.step.accumulate == 1) return;
  throw_file_error(
      "Training",
      "a batch must have an image that can be read where ranks train together "
      "or gradients are accumulated",
      c10::str("none in batch ", iteration + 1, " of epoch ", epoch + 1),
      "replace the damaged files");
}

/// Throws where no batch of an epoch has added anything.
void check_has_trained(const tasks::Meter& meter, std::int64_t batches) {
  if (meter.sums().ne(0).any().item<bool>()) return;
  throw_file_error("Training", "an epoch must have an image that can be read",
                   c10::str("none in ", batches, " batches"),
                   "replace the damaged files");
}

/// While it lasts, the model holds its average.
class Averaged {
 public:
  explicit Averaged(ExponentialMovingAverage* average) : average_(average) {
    if (average_ != nullptr) average_->swap();
  }
  ~Averaged() {
    if (average_ != nullptr) average_->swap();
  }
  Averaged(const Averaged&) = delete;
  Averaged& operator=(const Averaged&) = delete;

 private:
  ExponentialMovingAverage* average_;
};

void write_state(torch::serialize::OutputArchive& archive,
                 const std::string& key, const at::Generator& generator) {
  archive.write(key, generator.get_state(), /*is_buffer=*/true);
}

void read_state(torch::serialize::InputArchive& archive, const std::string& key,
                at::Generator generator) {
  at::Tensor state;
  archive.read(key, state, /*is_buffer=*/true);
  const std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_state(state.cpu());
}

}  // namespace

Training::Training(TrainingParts parts, TrainingOptions options)
    : parts_(checked(std::move(parts), options)),
      options_(std::move(options)),
      initial_rates_(rates_of(*parts_.optimizer)),
      initial_decays_(options_.decay_schedule
                          ? weight_decays_of(*parts_.optimizer)
                          : std::vector<double>{}),
      reducer_(reducer_of(parts_, options_)),
      step_(
          [this](const torch::Tensor& images, const data::Tensors& targets) {
            return loss_of(images, targets);
          },
          *parts_.optimizer, parts_.expansion,
          step_options(options_, reducer_.get())),
      meter_(parts_.task.training_meter(options_.device)),
      selecting_(parts_.task.meter(c10::kCPU)->metrics().front().name) {
  if (options_.ranks != nullptr) begin_together();
  if (options_.ema != 0) {
    average_ = std::make_unique<ExponentialMovingAverage>(*parts_.model.module,
                                                          options_.ema);
  }
}

void Training::synchronize_statistics() {
  if (!options_.sync_batch_norm || options_.ranks->size() == 1) return;
  const auto count = synchronize_batch_norm(
      *parts_.model.module, [ranks = options_.ranks](const at::Tensor& row) {
        return ranks->gather(row);
      });
  TORCH_CHECK(
      count > 0,
      error_message("Training", "to synchronize BatchNorm a model must have it",
                    "none", "leave sync_batch_norm out"));
}

void Training::begin_together() {
  synchronize_statistics();
  const at::NoGradGuard no_grad;
  auto& module = *parts_.model.module;
  options_.ranks->broadcast(module.parameters());
  options_.ranks->broadcast(module.buffers());
  // They may have been measured on weights that differed until here.
  const auto rates =
      at::tensor(initial_rates_, at::kDouble).to(options_.device);
  options_.ranks->broadcast(rates);
  set_initial_rates(rates.cpu());
  if (parts_.expansion == nullptr) return;
  options_.ranks->broadcast(parts_.expansion->parameters());
  parts_.expansion->fold();
}

void Training::set_initial_rates(const at::Tensor& rates) {
  auto& groups = parts_.optimizer->param_groups();
  const auto* values = rates.const_data_ptr<double>();
  for (std::size_t i = 0; i < groups.size(); ++i) {
    initial_rates_[i] = values[i];
    groups[i].options().set_lr(values[i]);
  }
}

void Training::take_first_buffers() {
  if (options_.ranks == nullptr) return;
  options_.ranks->broadcast(parts_.model.module->buffers());
}

void Training::check_together() {
  if (options_.ranks == nullptr) return;
  const auto parameters = parts_.expansion != nullptr
                              ? parts_.expansion->named_parameters()
                              : parts_.model.module->named_parameters();
  options_.ranks->check_identical(parameters.keys(), parameters.values());
}

void Training::observe(Observer& observer) { observers_.push_back(&observer); }

torch::Tensor Training::loss_of(const torch::Tensor& images,
                                const data::Tensors& targets) {
  const Autocast autocast(options_.device, options_.precision);
  const auto output = parts_.model.forward(images);
  auto loss = parts_.task.loss(output, images, targets);
  meter_->add(loss, output.detach(), targets);
  return loss;
}

void Training::diverged(const std::string& what) const {
  std::ostringstream message;
  message << "Training: " << what << " by step " << iteration_ << " of epoch "
          << epoch_ + 1 << " with a learning rate of "
          << rates_of(*parts_.optimizer).front() << "; lower it";
  throw Diverged(message.str());
}

void Training::check_finite(const tasks::Metrics& metrics,
                            const std::string& set) const {
  const auto loss = metrics.at("loss");
  if (std::isfinite(loss)) return;
  diverged("the " + set + "loss must be finite, got " +
           (std::isnan(loss) ? "nan" : "inf"));
}

void Training::check_finite_weights() const {
  const at::NoGradGuard no_grad;
  for (const auto& item : parts_.model.module->named_parameters()) {
    if (at::isfinite(item.value()).all().item<bool>()) continue;
    diverged("weights must be finite, got inf or nan in " + item.key());
  }
}

std::int64_t Training::steps_per_epoch() const {
  const auto batches = parts_.training->size();
  return batches - batches % options_.step.accumulate;
}

void Training::start_epoch() {
  set_training(*parts_.model.module, /*on=*/true);
  parts_.training->start_epoch(epoch_);
  if (iteration_ == 0) {
    meter_->reset();
    seconds_ = 0;
  }
  started_ = now();
  epoch_started_ = true;
}

void Training::follow_schedules() {
  const auto position =
      static_cast<double>(epoch_) +
      static_cast<double>(iteration_) / static_cast<double>(steps_per_epoch());
  if (options_.schedule) {
    set_learning_rates(*parts_.optimizer, initial_rates_, options_.schedule,
                       position);
  }
  if (options_.decay_schedule) {
    set_weight_decays(*parts_.optimizer, initial_decays_,
                      options_.decay_schedule, position);
    step_.set_fold_decay(options_.step.fold_decay *
                         options_.decay_schedule(position));
  }
}

bool Training::step() {
  TORCH_CHECK(
      !finished(),
      error_message("Training", "a finished run has no next step",
                    c10::str(epoch_, " of ", options_.epochs, " epochs")));
  if (!epoch_started_) start_epoch();
  const auto count = steps_per_epoch();
  if (options_.schedule_per_iteration || iteration_ == 0) follow_schedules();
  if (options_.ranks != nullptr) {
    torch::manual_seed(draw_seed(options_, epoch_, iteration_));
  }
  const auto [images, targets] = parts_.training->batch(iteration_);
  const bool is_empty = images.size(0) == 0;
  if (is_empty) {
    check_may_pass_over(options_, epoch_, iteration_);
  } else {
    step_(images, targets);
    if (average_ != nullptr && step_.updated()) average_->update();
  }
  ++iteration_;
  const bool is_last = iteration_ == count;
  if (is_empty && is_last) check_has_trained(*meter_, count);
  const bool looks =
      options_.device.is_cpu() || iteration_ % kLookEvery == 0 || is_last;
  if (looks && (!is_empty || is_last)) check_finite(meter_->result());
  if (iteration_ % kCompareEvery == 0) check_together();
  for (auto* observer : observers_) observer->on_step(*this);
  if (iteration_ < count) return false;
  finish_epoch();
  return true;
}

std::optional<double> Training::selecting(const EpochRecord& record) const {
  const auto& metrics =
      options_.select == Select::kBestTest ? record.test : record.validation;
  if (!metrics) return std::nullopt;
  return metrics->at(selecting_);
}

std::optional<tasks::Metrics> Training::evaluated(
    data::BatchSource* batches) const {
  if (batches == nullptr) return std::nullopt;
  return evaluate(parts_.model, *batches, *new_meter(), options_.precision,
                  options_.ranks);
}

void Training::finish_epoch() {
  EpochRecord record;
  record.epoch = epoch_ + 1;
  record.learning_rate = rates_of(*parts_.optimizer).front();
  if (options_.ranks != nullptr) {
    options_.ranks->sum(meter_->sums());
    check_finite(meter_->result());
    check_together();
    take_first_buffers();
  }
  record.training = meter_->result();
  record.seconds = seconds_ + now() - started_;
  {
    const Averaged averaged(average_.get());
    if (average_ != nullptr) take_first_buffers();
    record.validation = evaluated(parts_.validation);
    record.test = evaluated(parts_.test);
  }
  if (record.validation) check_finite(*record.validation, "validation ");
  if (record.test) check_finite(*record.test, "test ");
  check_finite_weights();  // none of the above has seen the last update

  if (options_.select == Select::kLast || best_epoch_ == 0 ||
      selecting(record) >
          selecting(history_[static_cast<std::size_t>(best_epoch_ - 1)])) {
    best_epoch_ = record.epoch;
  }
  history_.push_back(record);
  ++epoch_;
  iteration_ = 0;
  epoch_started_ = false;
  for (auto* observer : observers_) observer->on_epoch(*this);
}

void Training::save(torch::serialize::OutputArchive& archive) const {
  if (iteration_ > 0) check_finite_weights();
  archive.write(kFormatVersionKey, c10::IValue(kFormatVersion));
  save_part(archive, kModelKey, *parts_.model.module);
  save_part(archive, kOptimizerKey, *parts_.optimizer);
  if (average_ != nullptr) save_part(archive, kAverageKey, *average_);
  if (parts_.expansion != nullptr) {
    save_part(archive, kExpansionKey, *parts_.expansion);
  }

  const auto elapsed = epoch_started_ ? seconds_ + now() - started_ : seconds_;
  archive.write(kPositionKey,
                at::tensor({epoch_, iteration_, best_epoch_}, at::kLong), true);
  archive.write(kInitialRatesKey, at::tensor(initial_rates_, at::kDouble),
                true);
  archive.write(kSecondsKey, at::tensor({elapsed}, at::kDouble), true);
  auto sums = meter_->sums().clone();
  if (options_.ranks != nullptr) options_.ranks->sum(sums);
  archive.write(kSumsKey, sums.to(at::kCPU), true);
  save_history(archive, history_);
  write_state(archive, kRandomKey, at::detail::getDefaultCPUGenerator());
  if (options_.device.is_cuda()) {
    write_state(archive, kRandomCudaKey,
                at::globalContext().defaultGenerator(options_.device));
  }
}

void Training::load_weights(torch::serialize::InputArchive& archive) {
  load_part(archive, kModelKey, *parts_.model.module);
  if (parts_.expansion != nullptr) {
    load_part(archive, kExpansionKey, *parts_.expansion);
  }
  if (average_ != nullptr) load_part(archive, kAverageKey, *average_);
}

void Training::load(torch::serialize::InputArchive& archive) {
  load_weights(archive);
  load_part(archive, kOptimizerKey, *parts_.optimizer);
  if (reducer_ != nullptr) reducer_->reset();

  at::Tensor position, seconds, sums;
  archive.read(kPositionKey, position, true);
  archive.read(kSecondsKey, seconds, true);
  archive.read(kSumsKey, sums, true);
  position = position.cpu();
  const auto* at_position = position.const_data_ptr<std::int64_t>();
  epoch_ = at_position[0];
  iteration_ = at_position[1];
  best_epoch_ = at_position[2];
  // The schedule goes on from the rates that the run began with.
  at::Tensor rates;
  if (options_.schedule && archive.try_read(kInitialRatesKey, rates, true)) {
    TORCH_CHECK(
        rates.numel() == static_cast<std::int64_t>(initial_rates_.size()),
        error_message("Training",
                      "the optimizer must have as many groups as the "
                      "saved one",
                      std::to_string(initial_rates_.size()) + " for " +
                          std::to_string(rates.numel())));
    const auto values = rates.cpu();
    const auto* first = values.const_data_ptr<double>();
    initial_rates_.assign(first, first + values.numel());
  }
  seconds_ = seconds.item<double>();
  meter_->set_sums(sums);
  // What all have added up is taken up by one of them.
  if (options_.ranks != nullptr && !options_.ranks->is_first()) meter_->reset();
  history_ = load_history(archive, epoch_);
  TORCH_CHECK(best_epoch_ >= 0 && best_epoch_ <= epoch_,
              error_message("Training", "the best epoch must be a finished one",
                            std::to_string(best_epoch_) + " of " +
                                std::to_string(epoch_)));
  epoch_started_ = false;
  read_state(archive, kRandomKey, at::detail::getDefaultCPUGenerator());
  if (options_.device.is_cuda()) {
    read_state(archive, kRandomCudaKey,
               at::globalContext().defaultGenerator(options_.device));
  }
}

}  // namespace expandnet::train
