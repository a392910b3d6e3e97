// pytorch_scalar_type.h: dtypes of PyTorch's files in LibTorch.
#pragma once

#include <c10/core/ScalarType.h>

#include <optional>

#include "io/pytorch/pytorch_dtype.h"

namespace expandnet {

[[nodiscard]] at::ScalarType scalar_type_of(PyTorchDtype dtype);
/// None for a dtype that files do not have.
[[nodiscard]] std::optional<PyTorchDtype> pytorch_dtype_of(at::ScalarType type);

}  // namespace expandnet
