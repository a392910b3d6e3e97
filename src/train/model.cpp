#include <expandnet/train/model.h>

#include "nn/frozen_norm.h"

namespace expandnet::train {

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
