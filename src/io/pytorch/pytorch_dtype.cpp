#include "io/pytorch/pytorch_dtype.h"

#include <array>

namespace expandnet {

namespace {

struct PyTorchDtypeRow {
  PyTorchDtype dtype;
  PyTorchDtypeInfo info;
};

/// In the order of the enumeration.
constexpr std::array<PyTorchDtypeRow, kPyTorchDtypeCount> kPyTorchDtypes = {{
    {PyTorchDtype::kBool, {"bool", "BoolStorage", 1}},
    {PyTorchDtype::kUInt8, {"uint8", "ByteStorage", 1}},
    {PyTorchDtype::kInt8, {"int8", "CharStorage", 1}},
    {PyTorchDtype::kInt16, {"int16", "ShortStorage", 2}},
    {PyTorchDtype::kInt32, {"int32", "IntStorage", 4}},
    {PyTorchDtype::kInt64, {"int64", "LongStorage", 8}},
    {PyTorchDtype::kFloat16, {"float16", "HalfStorage", 2}},
    {PyTorchDtype::kBFloat16, {"bfloat16", "BFloat16Storage", 2}},
    {PyTorchDtype::kFloat32, {"float32", "FloatStorage", 4}},
    {PyTorchDtype::kFloat64, {"float64", "DoubleStorage", 8}},
    {PyTorchDtype::kComplex64, {"complex64", "ComplexFloatStorage", 8}},
    {PyTorchDtype::kComplex128, {"complex128", "ComplexDoubleStorage", 16}},
    {PyTorchDtype::kUInt16, {"uint16", "", 2}},
    {PyTorchDtype::kUInt32, {"uint32", "", 4}},
    {PyTorchDtype::kUInt64, {"uint64", "", 8}},
    {PyTorchDtype::kComplex32, {"complex32", "", 4}},
    {PyTorchDtype::kFloat8E4M3FN, {"float8_e4m3fn", "", 1}},
    {PyTorchDtype::kFloat8E5M2, {"float8_e5m2", "", 1}},
    {PyTorchDtype::kFloat8E4M3FNUZ, {"float8_e4m3fnuz", "", 1}},
    {PyTorchDtype::kFloat8E5M2FNUZ, {"float8_e5m2fnuz", "", 1}},
    {PyTorchDtype::kFloat8E8M0FNU, {"float8_e8m0fnu", "", 1}},
}};

template <typename Matches>
std::optional<PyTorchDtype> find_pytorch_dtype(const Matches& matches) {
  for (const auto& [dtype, info] : kPyTorchDtypes) {
    if (matches(info)) return dtype;
  }
  return std::nullopt;
}

}  // namespace

const PyTorchDtypeInfo& info_of(PyTorchDtype dtype) {
  return kPyTorchDtypes.at(static_cast<std::size_t>(dtype)).info;
}

std::optional<PyTorchDtype> pytorch_dtype(std::string_view name) {
  return find_pytorch_dtype(
      [&](const auto& info) { return info.name == name; });
}

std::optional<PyTorchDtype> dtype_of_storage(std::string_view storage) {
  return find_pytorch_dtype([&](const auto& info) {
    return !storage.empty() && info.storage == storage;
  });
}

}  // namespace expandnet
