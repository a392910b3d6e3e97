// weight_paths.h: the names of tensors, taken apart.
#pragma once

#include <string>
#include <utility>

namespace expandnet {

/// Whether a part of a path is an entry's number: "0", "17"; not "017".
bool is_index(const std::string& part);

/// "a.b" and "c" -> "a.b.c"; "" and "c" -> "c".
std::string under(const std::string& path, const std::string& part);

/// "a.b.c" -> "a.b", "c"; "c" -> "", "c".
std::pair<std::string, std::string> split_last(const std::string& path);

/// Whether a pattern is the path, part by part; in a part * and ? stand for
/// other letters: "features.*.conv?" is "features.3.conv1".
bool matches(const std::string& pattern, const std::string& path);

/// Whether it is the path, or that of a module around it: "features" is around
/// "features.3.conv1".
bool matches_within(const std::string& pattern, const std::string& path);

}  // namespace expandnet
