// read_file.h: reads a whole file.
#pragma once

#include <string>

namespace expandnet {

/// Returns all bytes of a file. Throws `std::runtime_error` if it cannot be
/// opened or read. Map files that may be large instead (mapped_file.h).
[[nodiscard]] std::string read_file(const std::string& path);

}  // namespace expandnet
