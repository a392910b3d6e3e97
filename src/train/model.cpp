#include <expandnet/train/model.h>

namespace expandnet::train {

namespace {

/// Whether the module has statistics, as a BatchNorm, and a weight that is
/// frozen.
bool is_frozen_norm(const torch::nn::Module& module) {
  const auto parameters = module.named_parameters(/*recurse=*/false);
  const auto* weight = parameters.find("weight");
  return weight != nullptr && !weight->requires_grad() &&
         module.named_buffers(/*recurse=*/false).contains("running_mean");
}

}  // namespace

void set_training(torch::nn::Module& module, bool on) {
  module.train(on);
  if (!on) return;
  for (const auto& part : module.modules()) {
    if (is_frozen_norm(*part)) part->train(false);
  }
}

void set_memory_format(torch::nn::Module& module, c10::MemoryFormat format) {
  for (auto& parameter : module.parameters()) {
    if (parameter.dim() != 4) continue;
    // A clone has the format's strides where a size is 1, too, as gradients do.
    parameter.set_data(parameter.detach().clone(format));
  }
}

}  // namespace expandnet::train
