// packed_tensor.h: tensors as files hold them.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace expandnet {

/// Throws `std::runtime_error` unless the tensor is defined and has elements in
/// memory: dense, and neither quantized, nested nor on the meta device. `where`
/// is the function that the user called.
void check_packable(const std::string& where, const std::string& name,
                    const at::Tensor& tensor);

/// Its elements on the CPU, row by row, without gaps; lazy conjugates and
/// negatives made.
at::Tensor packed_on_cpu(const at::Tensor& tensor);

}  // namespace expandnet
