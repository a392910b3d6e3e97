// batch_memory.h: batches in memory that has been used before.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>
#include <c10/util/ArrayRef.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace expandnet::data {

/// Hands out memory of the CPU, the same again once nobody else has the tensor
/// or a view of it. LibTorch keeps none, and the system clears what it hands
/// out, 600 KB for each image of 224x224.
class BatchMemory {
 public:
  /// Keeps that of the last `limit` tensors.
  explicit BatchMemory(std::size_t limit) : limit_(limit) {}

  /// A tensor with any content.
  at::Tensor get(at::IntArrayRef sizes, at::ScalarType type);

 private:
  std::size_t limit_;
  std::vector<at::Tensor> kept_;
};

}  // namespace expandnet::data
