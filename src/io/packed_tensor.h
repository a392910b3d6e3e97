// packed_tensor.h: tensors as files hold them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace expandnet {

/// Throws `c10::Error` unless the tensor is defined and has elements in
/// memory: dense, and neither quantized, nested nor on the meta device. `where`
/// is the function that the user called.
void check_packable(const std::string& where, const std::string& name,
                    const at::Tensor& tensor);

/// Where in the elements of a bool tensor the first byte is that is neither 0
/// nor 1, and so no value of a `bool`; npos if there is none.
[[nodiscard]] std::size_t find_wrong_bool(std::string_view elements);

/// Its elements on the CPU, row by row, without gaps; lazy conjugates and
/// negatives made.
at::Tensor packed_on_cpu(const at::Tensor& tensor);

}  // namespace expandnet
