// safetensors_parse.h: reads the header of a safetensors file.
#pragma once

#include <string>
#include <string_view>

#include "io/safetensors/safetensors_header.h"

namespace expandnet {

/// Reads the header of the file whose bytes are `file`. Does not read the data,
/// and uses only their length.
///
/// Throws `std::runtime_error` that begins with `where`, unless
/// - the header has at most 100,000,000 bytes, begins with `{`, and ends with
///   `}` and spaces;
/// - it is JSON in UTF-8, names are unique, and each tensor has exactly dtype,
///   shape and data_offsets; `__metadata__` maps text to text;
/// - dtypes are known and have whole bytes; a shape has at most 64 sizes, whose
///   product in bytes is below 2^63, even without the sizes of 0;
/// - the tensors' byte ranges match their shapes and dtypes, and cover the data
///   to the end without gap or overlap.
SafetensorsHeader parse_safetensors_header(const std::string& where,
                                           std::string_view file);

}  // namespace expandnet
