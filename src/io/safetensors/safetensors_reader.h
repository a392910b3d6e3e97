// safetensors_reader.h: reads a safetensors file that is mapped already.
#pragma once

#include <expandnet/io/weights.h>

#include <memory>

#include "base/mapped_file.h"

namespace expandnet {

/// What `read_safetensors` returns of the file.
[[nodiscard]] Weights read_safetensors(
    const std::shared_ptr<const MappedFile>& file);

}  // namespace expandnet
