#include <expandnet/train/model.h>

namespace expandnet::train {

void set_memory_format(torch::nn::Module& module, c10::MemoryFormat format) {
  for (auto& parameter : module.parameters()) {
    if (parameter.dim() != 4) continue;
    parameter.set_data(parameter.contiguous(format));
  }
}

}  // namespace expandnet::train
