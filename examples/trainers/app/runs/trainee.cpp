#include "trainers/app/runs/trainee.h"

#include <utility>

namespace expandnet::examples {

Trainee weight_space_trainee(train::Model net, const std::string& recipe,
                             const Selector& selector, const Machine& machine) {
  Trainee trainee;
  trainee.model = std::move(net);
  auto& module = *trainee.model.module;
  module.to(machine.device);
  train::set_memory_format(module, machine.memory_format);
  if (recipe == "none") return trainee;
  trainee.has_chains = true;
  trainee.expansion = std::make_unique<Expansion>(expand(module, selector));
  return trainee;
}

}  // namespace expandnet::examples
