// pytorch_tensor_info.h: what a pickle tells of a tensor.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/dtype.h"
#include "io/pytorch/pickle_value.h"

namespace expandnet {

/// A tensor, but for the bytes of its storage.
struct PyTorchTensorInfo {
  FileDtype dtype = FileDtype::kFloat32;
  std::string_view storage;  ///< its name; tensors of one share the bytes
  std::int64_t storage_bytes = 0;
  std::int64_t offset = 0;  ///< where in the storage it begins, in elements
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;  ///< in elements, as many as sizes
  bool conjugate = false;             ///< of what the storage holds
  bool negative = false;              ///< of what the storage holds
};

/// Reads the call that makes a dense tensor; see `pytorch_call`. Whether it
/// records gradients, its hooks and its device are passed over. `where` names
/// the file and the tensor.
///
/// Throws `std::runtime_error` unless the arguments are such as PyTorch writes,
/// at most 64 dimensions, and every element lies in the storage.
[[nodiscard]] PyTorchTensorInfo pytorch_tensor_info(const std::string& where,
                                                    const Pickle& pickle,
                                                    PickleIndex value);

}  // namespace expandnet
