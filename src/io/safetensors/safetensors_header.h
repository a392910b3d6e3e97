// safetensors_header.h: the header of a safetensors file.
//
// A file consists of 8 bytes, the length of the header in little endian; the
// header, which is JSON and may end in spaces; and the data:
//
//     {"__metadata__":{"epoch":"3"},
//      "bias":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}
//
// This code knows nothing of tensors: the bytes may come from anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/dtype.h"

namespace expandnet {

/// The limit of the official implementation.
inline constexpr std::uint64_t kSafetensorsMaxHeaderBytes = 100'000'000;
/// Size of the field with the header's length.
inline constexpr std::size_t kSafetensorsLengthBytes = 8;
/// LibTorch's limit.
inline constexpr std::size_t kSafetensorsMaxDimensions = 64;
/// The name of the metadata, which no tensor may have.
inline constexpr std::string_view kSafetensorsMetadataName = "__metadata__";

/// The header's entry for a tensor, whose elements are contiguous.
struct SafetensorsEntry {
  std::string name;
  FileDtype dtype = FileDtype::kFloat32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;  ///< its first byte in the data
  std::uint64_t end = 0;    ///< the byte after its last
};

/// Returns the bytes that shape and dtype need; empty for 2^63 or more. The
/// limit also applies without sizes of 0, which LibTorch's strides leave out.
std::optional<std::uint64_t> entry_bytes(const SafetensorsEntry& entry);

struct SafetensorsHeader {
  /// Sorted by their bytes; tensors without bytes keep the order of the header.
  std::vector<SafetensorsEntry> tensors;
  std::map<std::string, std::string> metadata;
  /// Position of the data in the file: the bytes of length and header.
  std::uint64_t data_begin = 0;
};

/// The remedy in every message about such a file.
inline const std::string kSafetensorsRemedy =
    "fetch the file again or write it anew";

}  // namespace expandnet
