// batch_memory.h: reuses the memory of CPU batches.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>
#include <c10/util/ArrayRef.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace expandnet::data {

/// A pool of CPU batch tensors: a tensor is handed out again once no one else
/// references its storage. LibTorch has no caching allocator for CPU memory, so
/// the system would zero the pages of each new batch (600 KB for an image of
/// 224x224).
class BatchMemory {
 public:
  /// Keeps the last `limit` tensors.
  explicit BatchMemory(std::size_t limit) : limit_(limit) {}

  /// Returns a tensor with arbitrary content.
  at::Tensor get(at::IntArrayRef sizes, at::ScalarType type);

 private:
  std::size_t limit_;
  std::vector<at::Tensor> kept_;
};

}  // namespace expandnet::data
