#include "io/dtype.h"

#include <array>

namespace expandnet {

namespace {

/// In the order of the enumeration.
constexpr std::array<FileDtypeInfo, kFileDtypeCount> kFileDtypes = {{
    {"bool", "BoolStorage", "BOOL", 1},
    {"uint8", "ByteStorage", "U8", 1},
    {"int8", "CharStorage", "I8", 1},
    {"float8_e5m2", "", "F8_E5M2", 1},
    {"float8_e4m3fn", "", "F8_E4M3", 1},
    {"float8_e8m0fnu", "", "F8_E8M0", 1},
    {"float8_e4m3fnuz", "", "F8_E4M3FNUZ", 1},
    {"float8_e5m2fnuz", "", "F8_E5M2FNUZ", 1},
    {"int16", "ShortStorage", "I16", 2},
    {"uint16", "", "U16", 2},
    {"float16", "HalfStorage", "F16", 2},
    {"bfloat16", "BFloat16Storage", "BF16", 2},
    {"int32", "IntStorage", "I32", 4},
    {"uint32", "", "U32", 4},
    {"float32", "FloatStorage", "F32", 4},
    {"complex64", "ComplexFloatStorage", "C64", 8},
    {"float64", "DoubleStorage", "F64", 8},
    {"int64", "LongStorage", "I64", 8},
    {"uint64", "", "U64", 8},
    {"complex32", "", "", 4},
    {"complex128", "ComplexDoubleStorage", "", 16},
}};
static_assert(static_cast<std::size_t>(FileDtype::kComplex128) + 1 ==
              kFileDtypeCount);

/// The dtype whose `name` is this one, which may not be empty.
std::optional<FileDtype> find_dtype(std::string_view FileDtypeInfo::*name,
                                    std::string_view wanted) {
  if (wanted.empty()) return std::nullopt;
  for (std::size_t i = 0; i < kFileDtypeCount; ++i) {
    if (kFileDtypes[i].*name == wanted) return static_cast<FileDtype>(i);
  }
  return std::nullopt;
}

}  // namespace

const FileDtypeInfo& info_of(FileDtype dtype) {
  return kFileDtypes.at(static_cast<std::size_t>(dtype));
}

std::optional<FileDtype> dtype_of_torch(std::string_view name) {
  return find_dtype(&FileDtypeInfo::torch, name);
}

std::optional<FileDtype> dtype_of_storage(std::string_view storage) {
  return find_dtype(&FileDtypeInfo::storage, storage);
}

std::optional<FileDtype> dtype_of_safetensors(std::string_view name) {
  return find_dtype(&FileDtypeInfo::safetensors, name);
}

std::string safetensors_dtype_names() {
  std::string names;
  for (const auto& dtype : kFileDtypes) {
    if (dtype.safetensors.empty()) continue;
    if (!names.empty()) names += ", ";
    names += dtype.safetensors;
  }
  return names;
}

}  // namespace expandnet
