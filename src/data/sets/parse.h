// parse.h: what the readers of CIFAR and IDX make of bytes, wherever these come
// from.
#pragma once

#include <expandnet/data/sets/cifar.h>
#include <expandnet/data/sets/idx.h>

#include <cstddef>
#include <string>

#include "data/sets/byte_source.h"

namespace expandnet::data {

/// Both do as `read_cifar` and `read_idx` say. Messages call the bytes `path`.
[[nodiscard]] CifarRecords parse_cifar(ByteSource& bytes,
                                       const std::string& path, Cifar kind);
[[nodiscard]] IdxArray parse_idx(ByteSource& bytes, const std::string& path,
                                 std::size_t dimensions);

}  // namespace expandnet::data
