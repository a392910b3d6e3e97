// memory.h: the memory order of factors.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

namespace expandnet {

/// An uninitialized weight [out, in / groups, *kernel] whose memory is
/// [out, *kernel, in / groups]: the order in which `to_kernel` is a view.
inline at::Tensor empty_weight(c10::IntArrayRef sizes,
                               const at::TensorOptions& options = {}) {
  auto memory = sizes.vec();
  memory.erase(memory.begin() + 1);
  memory.push_back(sizes[1]);
  return at::empty(memory, options).movedim(-1, 1);
}

}  // namespace expandnet
