// dtype.h: the dtypes of files, and their names in each format.
//
// Needs no LibTorch: scalar_type.h has LibTorch's dtypes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace expandnet {

/// The dtypes whose elements are whole bytes with their own meaning: neither
/// quantized nor packed. The order is that of the official implementation of
/// safetensors, which writes the last ones first: among its dtypes, none is
/// smaller than one before it.
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

/// The names of a dtype in files.
struct FileDtypeInfo {
  std::string_view torch;  ///< "float32", as in Python's module torch
  /// The storage class "FloatStorage"; empty for newer dtypes, which use
  /// UntypedStorage.
  std::string_view storage;
  std::string_view safetensors;  ///< "F32"; empty if the format has none
  std::size_t bytes;             ///< per element
};

[[nodiscard]] const FileDtypeInfo& info_of(FileDtype dtype);

/// Returns the dtype with this name in Python's module torch.
[[nodiscard]] std::optional<FileDtype> dtype_of_torch(std::string_view name);
/// Returns the dtype of this storage class.
[[nodiscard]] std::optional<FileDtype> dtype_of_storage(
    std::string_view storage);
/// Returns the dtype with this name in safetensors.
[[nodiscard]] std::optional<FileDtype> dtype_of_safetensors(
    std::string_view name);
/// Returns all names that `dtype_of_safetensors` knows: "BOOL, U8, ..."
[[nodiscard]] std::string safetensors_dtype_names();

}  // namespace expandnet
