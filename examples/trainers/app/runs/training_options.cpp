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

/// One group, or a second one without weight decay for BatchNorm and biases:
/// all that has one dimension.
template <typename Optimizer, typename Options>
std::unique_ptr<torch::optim::Optimizer> optimizer_of(
    const Options& options, const Settings& settings,
    std::vector<torch::Tensor> parameters) {
  if (settings.decay_all || settings.weight_decay == 0) {
    return std::make_unique<Optimizer>(std::move(parameters), options);
  }
  const auto vectors = std::stable_partition(
      parameters.begin(), parameters.end(),
      [](const torch::Tensor& parameter) { return parameter.dim() > 1; });
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(std::vector<torch::Tensor>(parameters.begin(), vectors));
  auto without = options;
  without.weight_decay(0);
  groups.emplace_back(std::vector<torch::Tensor>(vectors, parameters.end()),
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
    const Settings& settings, std::vector<torch::Tensor> parameters) {
  if (settings.optimizer == OptimizerChoice::kAdamW) {
    return optimizer_of<train::AdamW>(torch::optim::AdamWOptions(settings.lr)
                                          .weight_decay(settings.weight_decay),
                                      settings, std::move(parameters));
  }
  return optimizer_of<train::SGD>(torch::optim::SGDOptions(settings.lr)
                                      .momentum(settings.momentum)
                                      .nesterov(settings.nesterov)
                                      .weight_decay(settings.weight_decay),
                                  settings, std::move(parameters));
}

}  // namespace expandnet::examples
