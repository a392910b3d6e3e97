// safetensors_parse.h: reads the header of a safetensors file.
#pragma once

#include <string>
#include <string_view>

#include "io/safetensors/safetensors_header.h"

namespace expandnet {

/// Reads the header of the file whose bytes are `file`. Of the data it touches
/// nothing, and uses only how long they are.
///
/// Throws `std::runtime_error` that begins with `where`, unless
/// - the header has at most 100,000,000 bytes, begins with `{`, and ends with
///   `}` and spaces;
/// - it is JSON in UTF-8, no name stands twice, and each tensor has dtype,
///   shape and data_offsets, and nothing else; `__metadata__` maps text to
///   text;
/// - dtypes are known and of whole bytes; a shape has at most 64 sizes, whose
///   product in bytes is below 2^63, also if those of 0 are left out;
/// - the tensors' bytes are what shapes and dtypes take, and cover the data,
///   without gap or overlap, to the end.
SafetensorsHeader parse_safetensors_header(const std::string& where,
                                           std::string_view file);

}  // namespace expandnet
