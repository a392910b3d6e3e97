// training_options.h: converts settings to options and objects of the library.
#pragma once

#include <expandnet/passes/step_scales.h>
#include <expandnet/train/distillation.h>
#include <expandnet/train/training.h>
#include <torch/optim/optimizer.h>

#include <memory>
#include <vector>

#include "trainers/app/runs/machine.h"
#include "trainers/app/runs/trainable_model.h"
#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

train::TrainingOptions training_options(const Settings& settings,
                                        const Machine& machine);
train::DistillationOptions distillation_options(const Settings& settings);
/// Makes the optimizer of the settings.
std::unique_ptr<torch::optim::Optimizer> make_optimizer(
    const Settings& settings, std::vector<torch::Tensor> parameters);
/// The paces of the chains, in the Expansion or in the modules.
std::vector<StepScale> scales_of(const TrainableModel& trainable);
/// Makes the optimizer of the settings for those of the model's parameters that
/// train. If the folds are decayed, the factors are not; the head and the
/// chains may have learning rates of their own. Throws `c10::Error` if the head
/// should have one but does not train unexpanded.
std::unique_ptr<torch::optim::Optimizer> make_optimizer(
    const Settings& settings, const TrainableModel& trainable);

}  // namespace expandnet::examples
