// read_file.h: a whole file as text.
#pragma once

#include <string>

namespace expandnet {

/// All bytes of a file. Throws `std::runtime_error` where it cannot be opened
/// or read; files that may be large are mapped instead (mapped_file.h).
[[nodiscard]] std::string read_file(const std::string& path);

}  // namespace expandnet
