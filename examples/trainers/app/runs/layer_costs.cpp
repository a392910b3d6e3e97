#include "trainers/app/runs/layer_costs.h"

#include <ATen/core/grad_mode.h>
#include <expandnet/passes/summary.h>

#include <sstream>

namespace expandnet::examples {

std::string layer_costs(const std::vector<RunPlan>& plans,
                        const RunContext& context) {
  std::ostringstream text;
  for (const auto& plan : plans) {
    const auto& machine = context.machine;
    auto trainable = plan.trainer->make_trainable(
        plan.recipe, context.images.classes(), machine);
    text << (plan.recipe == "none" ? "compact" : plan.recipe) << ":\n";
    if (trainable.expansion == nullptr) {
      text << summary(*trainable.model.module) << "\n";
      continue;
    }
    const at::NoGradGuard no_grad;
    const train::ModeGuard evaluating(trainable.model.module, false);
    const auto batch =
        context.images.run_data(plan.seed).training->batch(0).images;
    trainable.expansion->observe([&] {
      static_cast<void>(trainable.model.forward(batch.to(machine.device)));
    });
    text << trainable.expansion->summary() << "\n";
  }
  return text.str();
}

}  // namespace expandnet::examples
