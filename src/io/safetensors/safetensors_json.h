// safetensors_json.h: the JSON grammar of a safetensors header.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "io/safetensors/safetensors_header.h"

namespace expandnet {

/// Returns the tensors and the metadata of the header. Each tensor has exactly
/// dtype, shape and offsets; whether these are consistent and names are unique
/// is not checked here. Memory use is bounded: unknown fields are not stored.
///
/// `json` begins with `{` and contains no zero byte; `offset` is its position
/// in the file. Throws `std::runtime_error` that begins with `where`.
SafetensorsHeader parse_safetensors_json(const std::string& where,
                                         std::string_view json,
                                         std::size_t offset);

}  // namespace expandnet
