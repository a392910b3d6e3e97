// dtypes.h: tensors of every dtype that files of weights have.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/io/weights.h>

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

namespace expandnet::testing {

/// A dtype and its name in safetensors files.
struct Dtype {
  std::string name;
  at::ScalarType type;
};
/// For the names of parameterized tests.
std::ostream& operator<<(std::ostream& stream, const Dtype& dtype);
/// All that safetensors files and LibTorch share.
std::vector<Dtype> safetensors_dtypes();

/// A tensor of the bytes 1, 38, 75 and so on, modulo 251; of BOOL, modulo 2:
/// what python_safetensors.py makes, too. Some elements may be no numbers.
at::Tensor sample(at::ScalarType type, const std::vector<std::int64_t>& shape);

/// The elements, packed, row by row.
std::string bytes_of(const at::Tensor& tensor);
/// Whether dtype, shape and every bit are the same.
bool same_elements(const at::Tensor& left, const at::Tensor& right);

/// The tensor of that name; undefined if there is none.
at::Tensor tensor_of(const Weights& weights, const std::string& name);

}  // namespace expandnet::testing
