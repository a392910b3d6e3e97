// safetensors_dtype.h: what the elements of a safetensors file are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace expandnet {

/// The dtypes of the format whose elements take whole bytes. The order is that
/// of the official implementation, which writes the last ones first: none is
/// smaller than one before it.
enum class SafetensorsDtype : std::uint8_t {
  kBool,
  kU8,
  kI8,
  kF8E5M2,
  kF8E4M3,
  kF8E8M0,
  kF8E4M3Fnuz,
  kF8E5M2Fnuz,
  kI16,
  kU16,
  kF16,
  kBF16,
  kI32,
  kU32,
  kF32,
  kC64,
  kF64,
  kI64,
  kU64,
};
inline constexpr std::size_t kSafetensorsDtypeCount = 19;

/// As it stands in a file: "F32".
std::string_view safetensors_name(SafetensorsDtype dtype);
/// The bytes of an element: 1, 2, 4 or 8.
std::size_t element_bytes(SafetensorsDtype dtype);

/// The dtype of that name; none for a name that is unknown, or whose elements
/// do not take whole bytes.
std::optional<SafetensorsDtype> safetensors_dtype(std::string_view name);
/// Whether the format has a dtype of that name whose elements share bytes: "F4"
/// and its like.
bool is_sub_byte_dtype(std::string_view name);
/// All names that `safetensors_dtype` knows: "BOOL, U8, ..."
std::string safetensors_dtype_names();

}  // namespace expandnet
