#include "io/safetensors/safetensors_dtype.h"

#include <array>

namespace expandnet {

namespace {

struct SafetensorsDtypeInfo {
  std::string_view name;
  std::size_t bytes;
};

/// In the order of the enumeration.
constexpr std::array<SafetensorsDtypeInfo, kSafetensorsDtypeCount>
    kSafetensorsDtypes = {{
        {"BOOL", 1},    {"U8", 1},      {"I8", 1},          {"F8_E5M2", 1},
        {"F8_E4M3", 1}, {"F8_E8M0", 1}, {"F8_E4M3FNUZ", 1}, {"F8_E5M2FNUZ", 1},
        {"I16", 2},     {"U16", 2},     {"F16", 2},         {"BF16", 2},
        {"I32", 4},     {"U32", 4},     {"F32", 4},         {"C64", 8},
        {"F64", 8},     {"I64", 8},     {"U64", 8},
    }};
static_assert(static_cast<std::size_t>(SafetensorsDtype::kU64) + 1 ==
              kSafetensorsDtypeCount);

const SafetensorsDtypeInfo& safetensors_info(SafetensorsDtype dtype) {
  return kSafetensorsDtypes.at(static_cast<std::size_t>(dtype));
}

}  // namespace

std::string_view safetensors_name(SafetensorsDtype dtype) {
  return safetensors_info(dtype).name;
}

std::size_t element_bytes(SafetensorsDtype dtype) {
  return safetensors_info(dtype).bytes;
}

std::optional<SafetensorsDtype> safetensors_dtype(std::string_view name) {
  for (std::size_t i = 0; i < kSafetensorsDtypeCount; ++i) {
    if (kSafetensorsDtypes[i].name == name) {
      return static_cast<SafetensorsDtype>(i);
    }
  }
  return std::nullopt;
}

bool is_sub_byte_dtype(std::string_view name) {
  return name == "F4" || name == "F6_E2M3" || name == "F6_E3M2";
}

std::string safetensors_dtype_names() {
  std::string names;
  for (const auto& dtype : kSafetensorsDtypes) {
    if (!names.empty()) names += ", ";
    names += dtype.name;
  }
  return names;
}

}  // namespace expandnet
