// pytorch_storage.h: the description of a tensor's storage in a pickle.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "io/dtype.h"
#include "io/pytorch/pickle_value.h"

namespace expandnet {

/// A storage without its bytes.
struct PyTorchStorage {
  std::string_view name;  ///< tensors with the same name share the bytes
  /// Absent for an UntypedStorage, whose elements are bytes.
  std::optional<FileDtype> dtype;
  std::int64_t bytes = 0;
  /// The part of the storage that offsets of tensors with this id refer to, in
  /// bytes. The whole storage, except in files of PyTorch before 0.4.
  std::int64_t view_offset = 0;
  std::int64_t view_bytes = 0;

  [[nodiscard]] std::int64_t element_bytes() const {
    return dtype ? static_cast<std::int64_t>(info_of(*dtype).bytes) : 1;
  }
};

/// Whether the value is the id of a storage, judged by its type.
[[nodiscard]] bool is_pytorch_storage(const Pickle& pickle, PickleIndex value);

/// Reads the id of a storage: ('storage', class, name, device, elements) and,
/// in files from before PyTorch 1.6, a view of it: None or (name, offset,
/// elements). `where` names the file and the tensor that needs the storage.
///
/// Throws `std::runtime_error` unless the value is such an id, with a dense
/// dtype and fewer than 2^63 bytes, and the view is inside the storage.
[[nodiscard]] PyTorchStorage pytorch_storage(const std::string& where,
                                             const Pickle& pickle,
                                             PickleIndex value);

}  // namespace expandnet
