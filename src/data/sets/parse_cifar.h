// parse_cifar.h: `read_cifar` for bytes from any source.
#pragma once

#include <expandnet/data/sets/cifar_records.h>

#include <string>

#include "data/sets/byte_source.h"

namespace expandnet::data {

/// Name of the reader in messages.
inline constexpr const char* kReadCifar = "read_cifar";

/// Parses as `read_cifar` does. Messages use `path` as the name of the bytes.
[[nodiscard]] CifarRecords parse_cifar(ByteSource& bytes,
                                       const std::string& path, Cifar kind);

}  // namespace expandnet::data
