// weight_paths.h: splits, joins and matches the names of tensors.
#pragma once

#include <string>
#include <utility>

namespace expandnet {

/// Whether a part of a path is an index: "0", "17"; not "017".
bool is_index(const std::string& part);

/// "a.b" and "c" -> "a.b.c"; "" and "c" -> "c".
std::string under(const std::string& path, const std::string& part);

/// "a.b.c" -> "a.b", "c"; "c" -> "", "c".
std::pair<std::string, std::string> split_last(const std::string& path);

/// Whether the path matches the pattern, part by part. Within a part, * and ?
/// stand for any letters: "features.*.conv?" matches "features.3.conv1".
bool matches(const std::string& pattern, const std::string& path);

/// Whether the pattern matches the path or the path of a module around it:
/// "features" matches "features.3.conv1".
bool matches_within(const std::string& pattern, const std::string& path);

}  // namespace expandnet
