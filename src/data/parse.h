// parse.h: what the readers of CIFAR and IDX make of bytes, wherever these come
// from.
#pragma once

#include <expandnet/data/cifar.h>
#include <expandnet/data/idx.h>

#include <cstddef>
#include <string>

#include "data/byte_source.h"

namespace expandnet::data {

/// Both do as `read_cifar` and `read_idx` say. Messages call the bytes `path`.
[[nodiscard]] CifarRecords parse_cifar(ByteSource& bytes,
                                       const std::string& path, Cifar kind);
[[nodiscard]] IdxArray parse_idx(ByteSource& bytes, const std::string& path,
                                 std::size_t dimensions);

}  // namespace expandnet::data
