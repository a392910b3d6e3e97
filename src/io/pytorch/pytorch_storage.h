// pytorch_storage.h: what a pickle tells of the memory that tensors view.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "io/dtype.h"
#include "io/pytorch/pickle_value.h"

namespace expandnet {

/// A storage, except for its bytes.
struct PyTorchStorage {
  std::string_view name;  ///< tensors of one name share the bytes
  /// Undefined for an UntypedStorage, whose elements are bytes.
  std::optional<FileDtype> dtype;
  std::int64_t bytes = 0;
  /// The part of it that tensors of this id count from, in bytes. All of it,
  /// except in files of PyTorch before 0.4.
  std::int64_t view_offset = 0;
  std::int64_t view_bytes = 0;

  [[nodiscard]] std::int64_t element_bytes() const {
    return dtype ? static_cast<std::int64_t>(info_of(*dtype).bytes) : 1;
  }
};

/// Whether the value is the id of a storage, by its kind.
[[nodiscard]] bool is_pytorch_storage(const Pickle& pickle, PickleIndex value);

/// Reads the id of a storage: ('storage', class, name, device, elements) and,
/// in files from before PyTorch 1.6, a view of it: None or (name, offset,
/// elements). `where` names the file and what needs the storage.
///
/// Throws `std::runtime_error` unless it is such an id, of a dense dtype and
/// fewer than 2^63 bytes, and the view lies in the storage.
[[nodiscard]] PyTorchStorage pytorch_storage(const std::string& where,
                                             const Pickle& pickle,
                                             PickleIndex value);

}  // namespace expandnet
