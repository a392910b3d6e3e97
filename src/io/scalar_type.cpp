#include "io/scalar_type.h"

#include <array>

namespace expandnet {

namespace {

/// In the order of FileDtype.
constexpr std::array<at::ScalarType, kFileDtypeCount> kScalarTypes = {
    at::ScalarType::Bool,
    at::ScalarType::Byte,
    at::ScalarType::Char,
    at::ScalarType::Float8_e5m2,
    at::ScalarType::Float8_e4m3fn,
    at::ScalarType::Float8_e8m0fnu,
    at::ScalarType::Float8_e4m3fnuz,
    at::ScalarType::Float8_e5m2fnuz,
    at::ScalarType::Short,
    at::ScalarType::UInt16,
    at::ScalarType::Half,
    at::ScalarType::BFloat16,
    at::ScalarType::Int,
    at::ScalarType::UInt32,
    at::ScalarType::Float,
    at::ScalarType::ComplexFloat,
    at::ScalarType::Double,
    at::ScalarType::Long,
    at::ScalarType::UInt64,
    at::ScalarType::ComplexHalf,
    at::ScalarType::ComplexDouble,
};

}  // namespace

at::ScalarType scalar_type_of(FileDtype dtype) {
  return kScalarTypes.at(static_cast<std::size_t>(dtype));
}

std::optional<FileDtype> file_dtype_of(at::ScalarType type) {
  for (std::size_t i = 0; i < kFileDtypeCount; ++i) {
    if (kScalarTypes[i] == type) return static_cast<FileDtype>(i);
  }
  return std::nullopt;
}

}  // namespace expandnet
