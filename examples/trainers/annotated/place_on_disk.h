// place_on_disk.h: one spelling of a path.
#pragma once

#include <string>

namespace expandnet::examples {

/// The path without links and dots, as far as there is something at it: two
/// paths of one file are the same.
[[nodiscard]] std::string place_on_disk(const std::string& path);

}  // namespace expandnet::examples
