// safetensors_header.h: what a safetensors file says of its tensors.
//
// The file is 8 bytes, little endian, which say how long the header is; the
// header, which is JSON and may end in spaces; and the data:
//
//     {"__metadata__":{"epoch":"3"},
//      "bias":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}
//
// Nothing here knows of tensors: it takes bytes from anywhere.
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

/// As the official implementation has it.
inline constexpr std::uint64_t kSafetensorsMaxHeaderBytes = 100'000'000;
/// What the length of the header takes.
inline constexpr std::size_t kSafetensorsLengthBytes = 8;
/// LibTorch works on no more.
inline constexpr std::size_t kSafetensorsMaxDimensions = 64;
/// The one name that no tensor has.
inline constexpr std::string_view kSafetensorsMetadataName = "__metadata__";

/// What the header says of a tensor, whose elements are packed, row by row.
struct SafetensorsEntry {
  std::string name;
  FileDtype dtype = FileDtype::kFloat32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;  ///< its first byte in the data
  std::uint64_t end = 0;    ///< and the one after its last
};

/// The bytes that shape and dtype take. None if they come to 2^63 or more, also
/// if the sizes of 0 are left out: LibTorch's strides leave them out.
std::optional<std::uint64_t> entry_bytes(const SafetensorsEntry& entry);

struct SafetensorsHeader {
  /// In the order of their bytes; those without any, as the header has them.
  std::vector<SafetensorsEntry> tensors;
  std::map<std::string, std::string> metadata;
  /// Where in the file the data begin: this much is length and header.
  std::uint64_t data_begin = 0;
};

/// What every message about such a file ends with.
inline const std::string kSafetensorsRemedy =
    "fetch the file again or write it anew";

}  // namespace expandnet
