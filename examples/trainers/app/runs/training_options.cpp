#include "trainers/app/runs/training_options.h"

#include <c10/util/Exception.h>
#include <expandnet/train/optimizers.h>
#include <expandnet/train/schedules.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "passes/walk.h"
#include "trainers/app/runs/fine_tuning.h"

namespace expandnet::examples {

namespace {

train::Schedule schedule_of(const Settings& settings) {
  const auto epochs = static_cast<double>(settings.epochs);
  auto milestones = settings.milestones;
  if (milestones.empty()) {
    for (const auto share : settings.steps_at) {
      milestones.push_back(share * epochs);
    }
  }
  const auto plain = [&]() -> train::Schedule {
    switch (settings.schedule) {
      case ScheduleChoice::kSteps:
        return train::step_schedule(milestones, settings.lr_factor);
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

using IsOne = std::function<bool(const torch::Tensor&)>;

/// Parameters that learn at a multiple of --lr.
struct Pace {
  double multiple;
  IsOne has;
};

/// What tells the groups of parameters apart.
struct Grouping {
  IsOne decayed;            ///< null: all are alike
  std::vector<Pace> paces;  ///< of those that have one other than 1
};

/// A group for each pace, that of --lr first, with and without weight decay.
template <typename Optimizer, typename Options>
std::unique_ptr<torch::optim::Optimizer> optimizer_of(
    const Options& options, const Settings& settings,
    std::vector<torch::Tensor> parameters, const Grouping& grouping) {
  const bool splits_decay =
      settings.weight_decay != 0 && (!settings.decay_all || grouping.decayed);
  if (!splits_decay && grouping.paces.empty()) {
    return std::make_unique<Optimizer>(std::move(parameters), options);
  }
  const auto has_decay = [&](const torch::Tensor& parameter) {
    // BatchNorm and biases have one dimension.
    return !splits_decay ||
           ((settings.decay_all || parameter.dim() > 1) &&
            (!grouping.decayed || grouping.decayed(parameter)));
  };
  std::vector<torch::optim::OptimizerParamGroup> groups;
  const auto add = [&](bool decay, const Pace& pace) {
    std::vector<torch::Tensor> members;
    for (const auto& parameter : parameters) {
      const bool belongs = has_decay(parameter) == decay && pace.has(parameter);
      if (belongs) members.push_back(parameter);
    }
    auto of_group = options;
    if (!decay) of_group.weight_decay(0);
    of_group.lr(settings.lr * pace.multiple);
    groups.emplace_back(std::move(members),
                        std::make_unique<Options>(of_group));
  };
  std::vector<Pace> paces = {
      {1, [&](const torch::Tensor& parameter) {
         return std::none_of(
             grouping.paces.begin(), grouping.paces.end(),
             [&](const Pace& other) { return other.has(parameter); });
       }}};
  paces.insert(paces.end(), grouping.paces.begin(), grouping.paces.end());
  for (const auto& pace : paces) {
    add(/*decay=*/true, pace);
    if (splits_decay) add(/*decay=*/false, pace);
  }
  return std::make_unique<Optimizer>(std::move(groups), options);
}

IsOne one_of(std::vector<torch::Tensor> tensors) {
  return [tensors = std::move(tensors)](const torch::Tensor& parameter) {
    return std::any_of(tensors.begin(), tensors.end(), [&](const auto& other) {
      return other.is_same(parameter);
    });
  };
}

std::unique_ptr<torch::optim::Optimizer> make_grouped(
    const Settings& settings, std::vector<torch::Tensor> parameters,
    const Grouping& grouping) {
  if (settings.optimizer == OptimizerChoice::kAdamW) {
    return optimizer_of<train::AdamW>(torch::optim::AdamWOptions(settings.lr)
                                          .weight_decay(settings.weight_decay),
                                      settings, std::move(parameters),
                                      grouping);
  }
  return optimizer_of<train::SGD>(torch::optim::SGDOptions(settings.lr)
                                      .momentum(settings.momentum)
                                      .nesterov(settings.nesterov)
                                      .weight_decay(settings.weight_decay),
                                  settings, std::move(parameters), grouping);
}

/// The parameters of the net's head, which must train as they are.
std::vector<torch::Tensor> head_parameters(
    torch::nn::Module& module, const FineTuning& tuning,
    const std::vector<torch::Tensor>& trained) {
  const auto path = head_of(module, tuning);
  std::vector<torch::Tensor> head;
  for (const auto& item : module.named_parameters()) {
    if (item.key().rfind(path + ".", 0) == 0) head.push_back(item.value());
  }
  const bool trains = !path.empty() && !head.empty() &&
                      std::all_of(head.begin(), head.end(), one_of(trained));
  const auto shown = path.empty() ? "none" : in_quotes(path);
  TORCH_CHECK(trains,
              error_message("--lr-head",
                            "the net must end in a layer that is not expanded",
                            shown, "leave the flag out"));
  const bool is_frozen = std::none_of(
      head.begin(), head.end(),
      [](const auto& parameter) { return parameter.requires_grad(); });
  TORCH_CHECK(!is_frozen,
              error_message("--lr-head", "the head must train",
                            shown + ", which is frozen",
                            "leave the flag out, or name another layer by "
                            "--head-layer"));
  return head;
}

/// All parameters of the chains.
std::vector<torch::Tensor> chain_parameters(const TrainableModel& trainable) {
  std::vector<torch::Tensor> parameters;
  if (trainable.expansion) {
    const auto is_other = one_of(trainable.expansion->other_parameters());
    for (auto& parameter : trainable.expansion->parameters()) {
      if (!is_other(parameter)) parameters.push_back(parameter);
    }
    return parameters;
  }
  for (const auto& [path, layer] : expanded_layers(*trainable.model.module)) {
    if (layer->is_contracted()) continue;
    const auto own = layer->chain->parameters();
    parameters.insert(parameters.end(), own.begin(), own.end());
  }
  return parameters;
}

/// One pace for all chains or, with --lr-chains 0, one for each: 1 over its
/// scale, where that is above 1. A chain is never made faster: its biases would
/// be so, too, and its scale grows by itself. Ranks have the same groups,
/// whatever they measure.
std::vector<Pace> paces_of_chains(const TrainableModel& trainable,
                                  const Settings& settings) {
  if (settings.lr_chains > 0) {
    return {{settings.lr_chains, one_of(chain_parameters(trainable))}};
  }
  std::vector<Pace> paces;
  for (const auto& layer : scales_of(trainable)) {
    paces.push_back({1 / std::max(1.0, layer.mean), one_of(layer.parameters)});
  }
  return paces;
}

}  // namespace

std::vector<StepScale> scales_of(const TrainableModel& trainable) {
  return trainable.expansion ? trainable.expansion->step_scales()
                             : step_scales(*trainable.model.module);
}

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
  options.sync_batch_norm = settings.sync_batch_norm;
  options.seed = settings.seed;
  return options;
}

train::DistillationOptions distillation_options(const Settings& settings) {
  return {settings.temperature, settings.distill};
}

std::unique_ptr<torch::optim::Optimizer> make_optimizer(
    const Settings& settings, std::vector<torch::Tensor> parameters) {
  return make_grouped(settings, std::move(parameters), {});
}

std::unique_ptr<torch::optim::Optimizer> make_optimizer(
    const Settings& settings, const TrainableModel& trainable) {
  auto parameters = trainable.parameters();
  auto& module = *trainable.model.module;
  Grouping grouping;
  if (settings.decay_on == DecayChoice::kFold && trainable.expansion) {
    grouping.decayed = one_of(module.parameters());
  }
  if (const auto multiple = settings.fine_tuning.lr_head; multiple != 1) {
    grouping.paces.push_back(
        {multiple,
         one_of(head_parameters(module, settings.fine_tuning, parameters))});
  }
  if (settings.lr_chains != 1) {
    for (auto& pace : paces_of_chains(trainable, settings)) {
      grouping.paces.push_back(std::move(pace));
    }
  }
  return make_grouped(settings, std::move(parameters), grouping);
}

}  // namespace expandnet::examples
