#include "trainers/app/runs/training_options.h"

#include <expandnet/train/optimizers.h>
#include <expandnet/train/schedules.h>

#include <algorithm>
#include <utility>

namespace expandnet::examples {

namespace {

train::Schedule schedule_of(const Settings& settings) {
  const auto epochs = static_cast<double>(settings.epochs);
  const auto plain = [&]() -> train::Schedule {
    switch (settings.schedule) {
      case ScheduleChoice::kSteps:
        return train::step_schedule(
            settings.milestones.empty()
                ? std::vector<double>{epochs / 3, 2 * epochs / 3}
                : settings.milestones,
            settings.lr_factor);
      case ScheduleChoice::kLinear:
        return train::linear_schedule(epochs, settings.lr_last);
      case ScheduleChoice::kCosine:
        return train::cosine_schedule(epochs, settings.lr_last);
      case ScheduleChoice::kConstant:
        break;
    }
    return [](double) { return 1.0; };
  }();
  return settings.warmup > 0 ? train::with_warmup(plain, settings.warmup)
                             : plain;
}

using Decayed = std::function<bool(const torch::Tensor&)>;

/// One group, or a second one for what has no weight decay.
template <typename Optimizer, typename Options>
std::unique_ptr<torch::optim::Optimizer> optimizer_of(
    const Options& options, const Settings& settings,
    std::vector<torch::Tensor> parameters, const Decayed& decayed) {
  if ((settings.decay_all && !decayed) || settings.weight_decay == 0) {
    return std::make_unique<Optimizer>(std::move(parameters), options);
  }
  const auto without_decay = std::stable_partition(
      parameters.begin(), parameters.end(),
      [&](const torch::Tensor& parameter) {
        // BatchNorm and biases have one dimension.
        return (settings.decay_all || parameter.dim() > 1) &&
               (!decayed || decayed(parameter));
      });
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(
      std::vector<torch::Tensor>(parameters.begin(), without_decay));
  auto without = options;
  without.weight_decay(0);
  groups.emplace_back(
      std::vector<torch::Tensor>(without_decay, parameters.end()),
      std::make_unique<Options>(without));
  return std::make_unique<Optimizer>(std::move(groups), options);
}

}  // namespace

train::TrainingOptions training_options(const Settings& settings,
                                        const Machine& machine) {
  train::TrainingOptions options;
  options.epochs = settings.epochs;
  options.device = machine.device;
  options.precision = machine.precision;
  options.schedule = schedule_of(settings);
  options.schedule_per_iteration = settings.per_iteration;
  if (settings.decay_schedule == DecayScheduleChoice::kCosine &&
      settings.weight_decay > 0) {
    options.decay_schedule = train::cosine_schedule(
        static_cast<double>(settings.epochs), settings.decay_last);
  }
  if (settings.decay_on == DecayChoice::kFold) {
    options.step.fold_decay = settings.weight_decay;
    options.step.fold_decay_of_vectors = settings.decay_all;
  }
  options.select = settings.select;
  options.ema = settings.ema;
  options.step.max_grad_norm = settings.max_grad_norm;
  options.step.accumulate = settings.accumulate;
  options.ranks = machine.ranks.get();
  options.seed = settings.seed;
  return options;
}

train::DistillationOptions distillation_options(const Settings& settings) {
  return {settings.temperature, settings.distill};
}

std::unique_ptr<torch::optim::Optimizer> make_optimizer(
    const Settings& settings, std::vector<torch::Tensor> parameters,
    const Decayed& decayed) {
  if (settings.optimizer == OptimizerChoice::kAdamW) {
    return optimizer_of<train::AdamW>(torch::optim::AdamWOptions(settings.lr)
                                          .weight_decay(settings.weight_decay),
                                      settings, std::move(parameters), decayed);
  }
  return optimizer_of<train::SGD>(torch::optim::SGDOptions(settings.lr)
                                      .momentum(settings.momentum)
                                      .nesterov(settings.nesterov)
                                      .weight_decay(settings.weight_decay),
                                  settings, std::move(parameters), decayed);
}

std::unique_ptr<torch::optim::Optimizer> make_optimizer(
    const Settings& settings, const Trainee& trainee) {
  if (settings.decay_on == DecayChoice::kFactors ||
      trainee.expansion == nullptr) {
    return make_optimizer(settings, trainee.parameters());
  }
  const auto of_model = trainee.model.module->parameters();
  return make_optimizer(
      settings, trainee.parameters(), [&](const torch::Tensor& parameter) {
        return std::any_of(
            of_model.begin(), of_model.end(),
            [&](const auto& other) { return other.is_same(parameter); });
      });
}

}  // namespace expandnet::examples
