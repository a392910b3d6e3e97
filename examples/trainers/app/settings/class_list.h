// class_list.h: the names of a run's classes, as they are kept with it.
#pragma once

#include <string>
#include <vector>

namespace expandnet::examples {

/// The text of a list, a line for each name.
///
/// This and `read_class_list` throw `std::runtime_error` unless each name is
/// there once, and is neither empty nor of several lines: the places of the
/// names are the labels.
[[nodiscard]] std::string class_list(const std::vector<std::string>& names);

/// The names in the text of a list; none in an empty one.
[[nodiscard]] std::vector<std::string> read_class_list(const std::string& text);

}  // namespace expandnet::examples
