// pytorch_tensor_info.h: the description of a tensor in a pickle.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/dtype.h"
#include "io/pytorch/pickle_value.h"

namespace expandnet {

/// A tensor without the bytes of its storage.
struct PyTorchTensorInfo {
  FileDtype dtype = FileDtype::kFloat32;
  std::string_view storage;  ///< its name; tensors with the same name share
                             ///< bytes
  std::int64_t storage_bytes = 0;
  std::int64_t offset = 0;  ///< of its first element in the storage, in
                            ///< elements
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;  ///< in elements, one per size
  bool conjugate = false;             ///< whether the stored values are to be
                                      ///< conjugated
  bool negative = false;              ///< whether the stored values are to be
                                      ///< negated
};

/// Reads the call that makes a dense tensor; see `pytorch_call`. Ignores
/// requires_grad, hooks and device. `where` names the file and the tensor.
///
/// Throws `std::runtime_error` unless the arguments are as PyTorch writes them,
/// the tensor has at most 64 dimensions, and every element is inside the
/// storage.
[[nodiscard]] PyTorchTensorInfo pytorch_tensor_info(const std::string& where,
                                                    const Pickle& pickle,
                                                    PickleIndex value);

}  // namespace expandnet
