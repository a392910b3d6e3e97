// pytorch_dtype.h: dtypes as PyTorch's files name them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace expandnet {

/// The dtypes whose elements are whole bytes and mean nothing but themselves:
/// neither quantized nor packed.
enum class PyTorchDtype : std::uint8_t {
  kBool,
  kUInt8,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFloat16,
  kBFloat16,
  kFloat32,
  kFloat64,
  kComplex64,
  kComplex128,
  kUInt16,
  kUInt32,
  kUInt64,
  kComplex32,
  kFloat8E4M3FN,
  kFloat8E5M2,
  kFloat8E4M3FNUZ,
  kFloat8E5M2FNUZ,
  kFloat8E8M0FNU,
};
constexpr std::size_t kPyTorchDtypeCount = 21;

/// How files write a dtype.
struct PyTorchDtypeInfo {
  std::string_view name;     ///< "float32", in Python's module torch
  std::string_view storage;  ///< "FloatStorage"; empty for the later dtypes,
                             ///< which share UntypedStorage
  std::size_t bytes;         ///< of an element
};

[[nodiscard]] const PyTorchDtypeInfo& info_of(PyTorchDtype dtype);

/// The dtype of that name.
[[nodiscard]] std::optional<PyTorchDtype> pytorch_dtype(std::string_view name);
/// The dtype of that class of storages.
[[nodiscard]] std::optional<PyTorchDtype> dtype_of_storage(
    std::string_view storage);

}  // namespace expandnet
