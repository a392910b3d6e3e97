// class_list.h: the names of a run's classes, in a file.
#pragma once

#include <string>
#include <vector>

namespace expandnet::examples {

/// Returns the text of a list, one line per name. The index of a name is its
/// label.
///
/// This function and `read_class_list` throw `std::runtime_error` unless each
/// name is unique, not empty, and on one line.
[[nodiscard]] std::string class_list(const std::vector<std::string>& names);

/// Returns the names in the text of a list; none for an empty text.
[[nodiscard]] std::vector<std::string> read_class_list(const std::string& text);

}  // namespace expandnet::examples
