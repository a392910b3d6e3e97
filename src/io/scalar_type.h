// scalar_type.h: converts between the dtypes of files and LibTorch's.
#pragma once

#include <c10/core/ScalarType.h>

#include <optional>

#include "io/dtype.h"

namespace expandnet {

[[nodiscard]] at::ScalarType scalar_type_of(FileDtype dtype);
/// Returns an empty optional for a dtype that files do not have.
[[nodiscard]] std::optional<FileDtype> file_dtype_of(at::ScalarType type);

}  // namespace expandnet
