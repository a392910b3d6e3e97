// trainers_checkpoint.h: checkpoints as the trainers write them.
#pragma once

#include <expandnet/passes/expand.h>
#include <expandnet/train/exponential_moving_average.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/optim/sgd.h>
#include <torch/serialize/archive.h>

#include <functional>
#include <string>

#include "io/pytorch/checkpoint_keys.h"
#include "train/parts.h"

namespace expandnet::testing {

/// A net trained in weight space, that has moved on from its average.
struct Averaged {
  Averaged() {
    const torch::NoGradGuard no_grad;
    for (const auto& factor : expansion.parameters()) factor.mul_(1.1);
    expansion.fold();
    bn->running_mean.fill_(3);
    average.update();
  }

  torch::nn::Conv2d conv{torch::nn::Conv2dOptions(3, 4, 5)};
  torch::nn::BatchNorm2d bn{4};
  torch::nn::Sequential net{conv, bn};
  Expansion expansion = expand(*net);
  torch::optim::SGD optimizer{expansion.parameters(), 0.1};
  train::ExponentialMovingAverage average{*net, 0.9};
};

/// Saved as Training saves it, with its average by `save_average`.
inline std::string checkpoint(
    const Averaged& run, const std::string& path,
    const std::function<void(torch::serialize::OutputArchive&)>& save_average) {
  torch::serialize::OutputArchive archive;
  train::save_part(archive, kModelKey, *run.net);
  train::save_part(archive, kOptimizerKey, run.optimizer);
  train::save_part(archive, kExpansionKey, run.expansion);
  torch::serialize::OutputArchive average(archive.compilation_unit());
  save_average(average);
  archive.write(kAverageKey, average);
  archive.save_to(path);
  return path;
}

/// Saved with the average as ExponentialMovingAverage saves it.
inline std::string checkpoint(const Averaged& run, const std::string& path) {
  return checkpoint(run, path,
                    [&](auto& archive) { run.average.save(archive); });
}

}  // namespace expandnet::testing
