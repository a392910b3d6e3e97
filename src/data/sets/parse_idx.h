// parse_idx.h: `read_idx` for bytes from any source.
#pragma once

#include <expandnet/data/sets/idx_array.h>

#include <cstddef>
#include <string>

#include "data/sets/byte_source.h"

namespace expandnet::data {

/// Name of the reader in messages.
inline constexpr const char* kReadIdx = "read_idx";

/// Parses as `read_idx` does. Messages use `path` as the name of the bytes.
[[nodiscard]] IdxArray parse_idx(ByteSource& bytes, const std::string& path,
                                 std::size_t dimensions);

}  // namespace expandnet::data
