// parse_idx.h: what `read_idx` makes of bytes, wherever these come from.
#pragma once

#include <expandnet/data/sets/idx_array.h>

#include <cstddef>
#include <string>

#include "data/sets/byte_source.h"

namespace expandnet::data {

/// Who reads the files, for messages.
inline constexpr const char* kReadIdx = "read_idx";

/// As `read_idx` says. Messages call the bytes `path`.
[[nodiscard]] IdxArray parse_idx(ByteSource& bytes, const std::string& path,
                                 std::size_t dimensions);

}  // namespace expandnet::data
