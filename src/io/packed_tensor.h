// packed_tensor.h: tensors in the form in which files store them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace expandnet {

/// Throws `c10::Error` unless the tensor is defined and has elements in memory:
/// dense, and neither quantized, nested nor on the meta device. `where` is the
/// function that the user called.
void check_packable(const std::string& where, const std::string& name,
                    const at::Tensor& tensor);

/// Returns the offset of the first byte, in the elements of a bool tensor, that
/// is neither 0 nor 1, and so not a value of a `bool`; npos if there is none.
[[nodiscard]] std::size_t find_wrong_bool(std::string_view elements);

/// Returns a contiguous copy of the elements on the CPU; lazy conjugation and
/// negation are resolved.
at::Tensor packed_on_cpu(const at::Tensor& tensor);

}  // namespace expandnet
