// safetensors_reader.h: reads a safetensors file that is already mapped.
#pragma once

#include <expandnet/io/weights.h>

#include <memory>

#include "base/mapped_file.h"

namespace expandnet {

/// Implements `read_safetensors`.
[[nodiscard]] Weights read_safetensors(
    const std::shared_ptr<const MappedFile>& file);

}  // namespace expandnet
