#include "data/loading/batch_memory.h"

#include <ATen/Functions.h>

#include <algorithm>

namespace expandnet::data {

namespace {

/// Whether `tensor` is the last that has its memory.
bool is_alone(const at::Tensor& tensor) {
  return tensor.use_count() == 1 && tensor.storage().use_count() == 1;
}

}  // namespace

at::Tensor BatchMemory::get(at::IntArrayRef sizes, at::ScalarType type) {
  const auto free =
      std::find_if(kept_.begin(), kept_.end(), [&](const at::Tensor& tensor) {
        return tensor.sizes() == sizes && tensor.scalar_type() == type &&
               is_alone(tensor);
      });
  if (free != kept_.end()) return *free;
  if (kept_.size() == limit_) kept_.erase(kept_.begin());
  return kept_.emplace_back(at::empty(sizes, type));
}

}  // namespace expandnet::data
