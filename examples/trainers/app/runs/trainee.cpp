#include "trainers/app/runs/trainee.h"

#include <utility>

#include "trainers/app/runs/fine_tuning.h"
#include "trainers/app/runs/layer_strategies.h"

namespace expandnet::examples {

Trainee weight_space_trainee(train::Model net, const std::string& recipe,
                             const ExpandNet& expand_net,
                             const Machine& machine, const Settings& settings) {
  Trainee trainee;
  trainee.model = std::move(net);
  auto& module = *trainee.model.module;
  trainee.notes = fine_tune(module, settings);
  module.to(machine.device);
  train::set_memory_format(module, machine.memory_format);
  if (recipe == "none") return trainee;
  trainee.has_chains = true;
  trainee.expansion = std::make_unique<Expansion>(expand_net(module));
  return trainee;
}

Trainee weight_space_trainee(train::Model net, const std::string& recipe,
                             const Selector& selector, const Machine& machine,
                             const Settings& settings) {
  const ExpandNet expand_net = [&](torch::nn::Module& module) {
    return expand(module, with_strategies(module, selector, settings));
  };
  return weight_space_trainee(std::move(net), recipe, expand_net, machine,
                              settings);
}

}  // namespace expandnet::examples
