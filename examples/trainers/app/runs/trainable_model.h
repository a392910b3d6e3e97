// trainable_model.h: a network to train, in any of the ways to train it.
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

/// A compact net, with or without an Expansion, or a net of expanded modules.
struct TrainableModel {
  train::Model model;
  std::unique_ptr<Expansion> expansion;
  bool has_chains = false;         ///< in the Expansion or in the modules
  std::vector<std::string> notes;  ///< on its weights, and what stays compact

  [[nodiscard]] std::vector<torch::Tensor> parameters() const {
    return expansion ? expansion->parameters() : model.module->parameters();
  }
};

/// Expands a net in weight space.
using ExpandNet = std::function<Expansion(torch::nn::Module& net)>;

/// Moves a compact net to the machine and makes an Expansion of it unless the
/// recipe is "none". The net starts from the weights that `settings` name, if
/// any. With the recipe of nets in files every layer may stay compact for a
/// reason, which a note states; throws `c10::Error` if another recipe expands
/// no layer.
TrainableModel weight_space_model(train::Model net, const std::string& recipe,
                                  const ExpandNet& expand_net,
                                  const Machine& machine,
                                  const Settings& settings);
/// The same with the chains that `selector` plans, except for layers that
/// --strategy names.
TrainableModel weight_space_model(train::Model net, const std::string& recipe,
                                  const Selector& selector,
                                  const Machine& machine,
                                  const Settings& settings);

/// The batches of one run; runs do not share them.
struct RunData {
  std::unique_ptr<data::BatchSource> training;
  std::unique_ptr<data::BatchSource> validation;  ///< may be null
  std::unique_ptr<data::BatchSource> test;
};

}  // namespace expandnet::examples
