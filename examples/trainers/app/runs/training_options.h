// training_options.h: settings as the options and objects of the library.
#pragma once

#include <expandnet/train/distillation.h>
#include <expandnet/train/training.h>
#include <torch/optim/optimizer.h>

#include <memory>
#include <vector>

#include "trainers/app/runs/machine.h"
#include "trainers/app/runs/trainee.h"
#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

train::TrainingOptions training_options(const Settings& settings,
                                        const Machine& machine);
train::DistillationOptions distillation_options(const Settings& settings);
/// By the optimizer that the settings ask for.
std::unique_ptr<torch::optim::Optimizer> make_optimizer(
    const Settings& settings, std::vector<torch::Tensor> parameters);
/// What trains of a net, by the optimizer that the settings ask for. Where
/// weight decay is of folds, the factors have none; the head may have a
/// learning rate of its own. Throws `c10::Error` if it should and does not
/// train as it is.
std::unique_ptr<torch::optim::Optimizer> make_optimizer(
    const Settings& settings, const Trainee& trainee);

}  // namespace expandnet::examples
