// safetensors_json.h: the JSON of a safetensors header, and its grammar.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "io/safetensors/safetensors_header.h"

namespace expandnet {

/// The tensors and the metadata, as the header has them: each tensor has its
/// dtype, shape and offsets, and nothing else; whether they make sense together
/// and names differ is not checked. Nothing is kept of what does not belong.
///
/// `json` begins with `{` and holds no zero byte; `offset` is where in the file
/// it stands. Throws `std::runtime_error` that begins with `where`.
SafetensorsHeader parse_safetensors_json(const std::string& where,
                                         std::string_view json,
                                         std::size_t offset);

}  // namespace expandnet
