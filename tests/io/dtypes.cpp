#include "io/dtypes.h"

#include <torch/types.h>

namespace expandnet::testing {

std::ostream& operator<<(std::ostream& stream, const Dtype& dtype) {
  return stream << dtype.name;
}

std::vector<Dtype> safetensors_dtypes() {
  return {{"BOOL", at::kBool},
          {"U8", at::kByte},
          {"I8", at::kChar},
          {"I16", at::kShort},
          {"U16", at::kUInt16},
          {"I32", at::kInt},
          {"U32", at::kUInt32},
          {"I64", at::kLong},
          {"U64", at::kUInt64},
          {"F16", at::kHalf},
          {"BF16", at::kBFloat16},
          {"F32", at::kFloat},
          {"F64", at::kDouble},
          {"C64", at::kComplexFloat},
          {"F8_E4M3", at::kFloat8_e4m3fn},
          {"F8_E5M2", at::kFloat8_e5m2},
          {"F8_E4M3FNUZ", at::kFloat8_e4m3fnuz},
          {"F8_E5M2FNUZ", at::kFloat8_e5m2fnuz},
          {"F8_E8M0", at::kFloat8_e8m0fnu}};
}

at::Tensor sample(at::ScalarType type, const std::vector<std::int64_t>& shape) {
  auto tensor = at::empty(shape, type);
  auto* bytes = static_cast<std::uint8_t*>(tensor.mutable_data_ptr());
  const auto modulus = type == at::kBool ? 2U : 251U;
  for (std::size_t i = 0; i < tensor.nbytes(); ++i) {
    bytes[i] = static_cast<std::uint8_t>((1 + 37 * i) % modulus);
  }
  return tensor;
}

std::string bytes_of(const at::Tensor& tensor) {
  const auto packed = tensor.contiguous();
  if (packed.numel() == 0) return "";
  return {static_cast<const char*>(packed.const_data_ptr()), packed.nbytes()};
}

bool same_elements(const at::Tensor& left, const at::Tensor& right) {
  return left.defined() && right.defined() &&
         left.scalar_type() == right.scalar_type() &&
         left.sizes() == right.sizes() && bytes_of(left) == bytes_of(right);
}

at::Tensor tensor_of(const Weights& weights, const std::string& name) {
  for (const auto& [other, tensor] : weights.tensors) {
    if (other == name) return tensor;
  }
  return {};
}

}  // namespace expandnet::testing
