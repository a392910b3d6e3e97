// trainee.h: a network to train, in whichever way.
#pragma once

#include <expandnet/data/loading/batch_source.h>
#include <expandnet/passes/expand.h>
#include <expandnet/train/model.h>

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
  bool has_chains = false;         ///< beside the model or in it
  std::vector<std::string> notes;  ///< on its weights, and what stays compact

  [[nodiscard]] std::vector<torch::Tensor> parameters() const {
    return expansion ? expansion->parameters() : model.module->parameters();
  }
};

/// Puts chains beside a net.
using ExpandNet = std::function<Expansion(torch::nn::Module& net)>;

/// A compact net on the machine, its chains beside it; none for "none". The net
/// starts from the weights that `settings` name, if they name any. Of the
/// recipe of nets in files, every layer may stay compact for a reason, which a
/// note tells; throws `c10::Error` where another recipe expands no layer.
Trainee weight_space_trainee(train::Model net, const std::string& recipe,
                             const ExpandNet& expand_net,
                             const Machine& machine, const Settings& settings);
/// With the chains that `selector` plans, but for layers that --strategy names.
Trainee weight_space_trainee(train::Model net, const std::string& recipe,
                             const Selector& selector, const Machine& machine,
                             const Settings& settings);

/// The batches of one run; no two share them.
struct RunData {
  std::unique_ptr<data::BatchSource> training;
  std::unique_ptr<data::BatchSource> validation;  ///< may be none
  std::unique_ptr<data::BatchSource> test;
};

}  // namespace expandnet::examples
