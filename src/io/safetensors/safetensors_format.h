// safetensors_format.h: writes the header of a safetensors file.
#pragma once

#include <string>

#include "io/safetensors/safetensors_header.h"

namespace expandnet {

/// The beginning of a file, up to the data: length, header, and spaces that
/// make `data_begin`, which is not read, a multiple of 8. The tensors stand in
/// the order given.
///
/// Throws `c10::Error` that begins with `where` if a name or metadata
/// are no UTF-8, or all is longer than a header may be.
std::string format_safetensors_header(const std::string& where,
                                      const SafetensorsHeader& header);

}  // namespace expandnet
