// anchor_tensor.h: anchors in the form that the loss takes.
#pragma once

#include <ATen/ops/tensor.h>
#include <c10/core/Device.h>
#include <expandnet/tasks/detection/anchors.h>

#include <vector>

namespace expandnet::tasks {

/// Returns the anchors as float [A, 2].
inline at::Tensor anchor_tensor(const std::vector<Anchor>& anchors,
                                c10::Device device) {
  std::vector<double> sides;
  for (const auto& anchor : anchors) {
    sides.push_back(anchor.width);
    sides.push_back(anchor.height);
  }
  return at::tensor(sides, at::kFloat).view({-1, 2}).to(device);
}

}  // namespace expandnet::tasks
