// safetensors_format.h: writes the header of a safetensors file.
#pragma once

#include <string>

#include "io/safetensors/safetensors_header.h"

namespace expandnet {

/// Returns the part of a file before the data: the length, the header, and
/// spaces that align the data to a multiple of 8. `data_begin` is not read. The
/// tensors keep their order.
///
/// Throws `c10::Error` that begins with `where` if a name or metadata are not
/// UTF-8, or the header is longer than allowed.
std::string format_safetensors_header(const std::string& where,
                                      const SafetensorsHeader& header);

}  // namespace expandnet
