// pytorch_call.h: the calls in a pickle that make dense tensors.
#pragma once

#include <string>
#include <vector>

#include "io/pytorch/pickle_value.h"

namespace expandnet {

/// The functions of torch._utils that make a tensor from a storage.
enum class PyTorchFunction {
  kTensor,    ///< _rebuild_tensor: storage, offset, sizes, strides
  kTensorV2,  ///< _rebuild_tensor_v2: also requires_grad, hooks, metadata
  kTensorV3,  ///< _rebuild_tensor_v3: also dtype, before metadata
};

/// A call of one of these functions, with its arguments.
struct PyTorchCall {
  PyTorchFunction function;
  std::vector<PickleIndex> arguments;
};

/// Whether the value is a call of a function that makes a dense tensor: one of
/// the above, or a function that wraps them: torch._utils._rebuild_parameter,
/// _rebuild_parameter_with_state, or torch._tensor._rebuild_from_type_v2.
[[nodiscard]] bool is_pytorch_call(const Pickle& pickle, PickleIndex value);

/// Returns the call that makes the tensor, without the wrapping calls:
/// parameters are treated as tensors, and attributes that a user added are
/// dropped.
///
/// Throws `std::runtime_error` if the value is anything else, is a subclass of
/// tensors, or has the wrong number of arguments. `where` names the tensor.
[[nodiscard]] PyTorchCall pytorch_call(const std::string& where,
                                       const Pickle& pickle, PickleIndex value);

}  // namespace expandnet
