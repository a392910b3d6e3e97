#include "trainers/app/runs/trainable_model.h"

#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>
#include <expandnet/passes/nothing_to_expand.h>

#include <utility>

#include "base/error.h"
#include "trainers/app/runs/fine_tuning.h"
#include "trainers/app/runs/layer_strategies.h"
#include "trainers/app/runs/script_net.h"
#include "trainers/app/runs/spread_notes.h"

namespace expandnet::examples {

namespace {

/// " (a; b)"; "" for nothing.
std::string in_brackets(const std::vector<std::string>& notes) {
  return notes.empty() ? "" : " (" + c10::Join("; ", notes) + ")";
}

}  // namespace

TrainableModel weight_space_model(train::Model net, const std::string& recipe,
                                  const ExpandNet& expand_net,
                                  const Machine& machine,
                                  const Settings& settings) {
  TrainableModel trainable;
  trainable.model = std::move(net);
  auto& module = *trainable.model.module;
  trainable.notes = fine_tune(module, settings);
  module.to(machine.device);
  train::set_memory_format(module, machine.memory_format);
  if (recipe == "none") return trainable;
  const auto spreads = spreads_of(module);
  try {
    trainable.expansion = std::make_unique<Expansion>(expand_net(module));
    trainable.has_chains = true;
    for (auto& note : spread_notes(spreads, module, settings)) {
      trainable.notes.push_back(std::move(note));
    }
  } catch (const NothingToExpand& error) {
    const auto& reasons = error.notes();
    // A choice by cost may leave every layer compact.
    const bool may_be_compact = recipe == kDefaultRecipe && !reasons.empty();
    TORCH_CHECK(
        may_be_compact,
        error_message("--expand", "the net must hold a layer to expand", "none",
                      "name one by --strategy, or use --expand none" +
                          in_brackets(reasons)));
    trainable.notes.insert(trainable.notes.end(), reasons.begin(),
                           reasons.end());
    trainable.notes.emplace_back(
        "no layer is expanded: the net trains compact");
  }
  return trainable;
}

TrainableModel weight_space_model(train::Model net, const std::string& recipe,
                                  const Selector& selector,
                                  const Machine& machine,
                                  const Settings& settings) {
  const ExpandNet expand_net = [&](torch::nn::Module& module) {
    return expand(module, with_strategies(module, selector, settings));
  };
  return weight_space_model(std::move(net), recipe, expand_net, machine,
                            settings);
}

}  // namespace expandnet::examples
