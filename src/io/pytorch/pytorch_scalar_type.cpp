#include "io/pytorch/pytorch_scalar_type.h"

#include <array>
#include <cstddef>

namespace expandnet {

namespace {

/// In the order of PyTorchDtype.
constexpr std::array<at::ScalarType, kPyTorchDtypeCount> kPyTorchScalarTypes = {
    at::ScalarType::Bool,
    at::ScalarType::Byte,
    at::ScalarType::Char,
    at::ScalarType::Short,
    at::ScalarType::Int,
    at::ScalarType::Long,
    at::ScalarType::Half,
    at::ScalarType::BFloat16,
    at::ScalarType::Float,
    at::ScalarType::Double,
    at::ScalarType::ComplexFloat,
    at::ScalarType::ComplexDouble,
    at::ScalarType::UInt16,
    at::ScalarType::UInt32,
    at::ScalarType::UInt64,
    at::ScalarType::ComplexHalf,
    at::ScalarType::Float8_e4m3fn,
    at::ScalarType::Float8_e5m2,
    at::ScalarType::Float8_e4m3fnuz,
    at::ScalarType::Float8_e5m2fnuz,
    at::ScalarType::Float8_e8m0fnu,
};

}  // namespace

at::ScalarType scalar_type_of(PyTorchDtype dtype) {
  return kPyTorchScalarTypes.at(static_cast<std::size_t>(dtype));
}

std::optional<PyTorchDtype> pytorch_dtype_of(at::ScalarType type) {
  for (std::size_t i = 0; i < kPyTorchDtypeCount; ++i) {
    if (kPyTorchScalarTypes[i] == type) return static_cast<PyTorchDtype>(i);
  }
  return std::nullopt;
}

}  // namespace expandnet
