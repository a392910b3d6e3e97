// parse_cifar.h: what `read_cifar` makes of bytes, wherever these come from.
#pragma once

#include <expandnet/data/sets/cifar_records.h>

#include <string>

#include "data/sets/byte_source.h"

namespace expandnet::data {

/// Who reads the files, for messages.
inline constexpr const char* kReadCifar = "read_cifar";

/// As `read_cifar` says. Messages call the bytes `path`.
[[nodiscard]] CifarRecords parse_cifar(ByteSource& bytes,
                                       const std::string& path, Cifar kind);

}  // namespace expandnet::data
