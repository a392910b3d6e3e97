// dtype.h: the dtypes of files, and how each format names them.
//
// Needs no LibTorch: scalar_type.h has LibTorch's dtypes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace expandnet {

/// The dtypes whose elements take whole bytes and mean nothing but themselves:
/// neither quantized nor packed. The order is that of the official
/// implementation of safetensors, which writes the last ones first: of those
/// that it has, none is smaller than one before it.
enum class FileDtype : std::uint8_t {
  kBool,
  kUInt8,
  kInt8,
  kFloat8E5M2,
  kFloat8E4M3FN,
  kFloat8E8M0FNU,
  kFloat8E4M3FNUZ,
  kFloat8E5M2FNUZ,
  kInt16,
  kUInt16,
  kFloat16,
  kBFloat16,
  kInt32,
  kUInt32,
  kFloat32,
  kComplex64,
  kFloat64,
  kInt64,
  kUInt64,
  kComplex32,
  kComplex128,
};
inline constexpr std::size_t kFileDtypeCount = 21;

/// How files write a dtype.
struct FileDtypeInfo {
  std::string_view torch;  ///< "float32", in Python's module torch
  /// The class of its storages, "FloatStorage"; empty for the later dtypes,
  /// which share UntypedStorage.
  std::string_view storage;
  std::string_view safetensors;  ///< "F32"; empty where the format has none
  std::size_t bytes;             ///< of an element
};

[[nodiscard]] const FileDtypeInfo& info_of(FileDtype dtype);

/// The dtype that Python's module torch calls by this name.
[[nodiscard]] std::optional<FileDtype> dtype_of_torch(std::string_view name);
/// The dtype of that class of storages.
[[nodiscard]] std::optional<FileDtype> dtype_of_storage(
    std::string_view storage);
/// The dtype that safetensors calls by this name.
[[nodiscard]] std::optional<FileDtype> dtype_of_safetensors(
    std::string_view name);
/// All names that `dtype_of_safetensors` knows: "BOOL, U8, ..."
[[nodiscard]] std::string safetensors_dtype_names();

}  // namespace expandnet
