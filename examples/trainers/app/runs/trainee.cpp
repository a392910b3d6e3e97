#include "trainers/app/runs/trainee.h"

#include <utility>

#include "trainers/app/runs/fine_tuning.h"

namespace expandnet::examples {

Trainee weight_space_trainee(train::Model net, const std::string& recipe,
                             const Selector& selector, const Machine& machine,
                             const Settings& settings) {
  Trainee trainee;
  trainee.model = std::move(net);
  auto& module = *trainee.model.module;
  trainee.notes = fine_tune(module, settings);
  module.to(machine.device);
  train::set_memory_format(module, machine.memory_format);
  if (recipe == "none") return trainee;
  trainee.has_chains = true;
  trainee.expansion = std::make_unique<Expansion>(expand(module, selector));
  return trainee;
}

}  // namespace expandnet::examples
