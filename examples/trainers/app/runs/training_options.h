// training_options.h: settings as the options and objects of the library.
#pragma once

#include <expandnet/train/distillation.h>
#include <expandnet/train/training.h>
#include <torch/optim/optimizer.h>

#include <memory>
#include <vector>

#include "trainers/app/runs/machine.h"
#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

train::TrainingOptions training_options(const Settings& settings,
                                        const Machine& machine);
train::DistillationOptions distillation_options(const Settings& settings);
std::unique_ptr<torch::optim::Optimizer> make_optimizer(
    const Settings& settings, std::vector<torch::Tensor> parameters);

}  // namespace expandnet::examples
