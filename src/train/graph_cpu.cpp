#include <c10/util/Exception.h>

#include "train/graph.h"

namespace expandnet::train {

bool can_capture() { return false; }

std::unique_ptr<SideStreams> side_streams() { return nullptr; }

torch::Tensor run_beside(const CapturedStep& step, const torch::Tensor& input,
                         const torch::Tensor& target) {
  return step(input, target);
}

std::unique_ptr<StepGraph> capture(const CapturedStep& /*step*/,
                                   const torch::Tensor& /*input*/,
                                   const torch::Tensor& /*target*/) {
  TORCH_INTERNAL_ASSERT(false, "this build has no CUDA layer");
}

}  // namespace expandnet::train
