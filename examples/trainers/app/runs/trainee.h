// trainee.h: a network to train, in whichever way.
#pragma once

#include <expandnet/data/loading/batch_source.h>
#include <expandnet/passes/expand.h>
#include <expandnet/train/model.h>
#include <expandnet/train/training.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "trainers/app/runs/machine.h"
#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// A compact net, with an Expansion beside it or not, or a net of expanded
/// modules.
struct Trainee {
  train::Model model;
  std::unique_ptr<Expansion> expansion;
  bool has_chains = false;  ///< beside the model or in it

  [[nodiscard]] std::vector<torch::Tensor> parameters() const {
    return expansion ? expansion->parameters() : model.module->parameters();
  }
};

/// A compact net on the machine, its chains beside it; none for "none".
Trainee weight_space_trainee(train::Model net, const std::string& recipe,
                             const Selector& selector, const Machine& machine);

/// The batches of one run; no two share them.
struct RunData {
  std::unique_ptr<data::BatchSource> training;
  std::unique_ptr<data::BatchSource> validation;  ///< may be none
  std::unique_ptr<data::BatchSource> test;
};

/// What a trainer makes for its runs. All of it draws from LibTorch's global
/// generator, which is seeded before each call.
struct Maker {
  std::function<Trainee(const std::string& recipe)> trainee;
  /// The nonlinear twin that gives the initial values; empty: none does.
  std::function<Trainee(const std::string& recipe)> twin;
  std::function<RunData(std::uint64_t seed)> data;
  train::TrainingParts::Loss loss;  ///< empty: cross entropy
};

}  // namespace expandnet::examples
