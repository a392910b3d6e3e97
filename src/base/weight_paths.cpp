#include "base/weight_paths.h"

#include <fnmatch.h>

#include <algorithm>

namespace expandnet {

namespace {

/// More entries than a Sequential has; larger numbers are names.
constexpr std::size_t kMostDigits = 9;

std::string slashed(std::string text) {
  std::replace(text.begin(), text.end(), '.', '/');
  return text;
}

}  // namespace

bool is_index(const std::string& part) {
  return !part.empty() && part.size() <= kMostDigits &&
         std::all_of(part.begin(), part.end(),
                     [](char digit) { return '0' <= digit && digit <= '9'; }) &&
         (part.size() == 1 || part.front() != '0');
}

std::string under(const std::string& path, const std::string& part) {
  return path.empty() ? part : path + "." + part;
}

std::pair<std::string, std::string> split_last(const std::string& path) {
  const auto dot = path.rfind('.');
  if (dot == std::string::npos) return {"", path};
  return {path.substr(0, dot), path.substr(dot + 1)};
}

bool matches(const std::string& pattern, const std::string& path) {
  return fnmatch(slashed(pattern).c_str(), slashed(path).c_str(),
                 FNM_PATHNAME | FNM_NOESCAPE) == 0;
}

bool matches_within(const std::string& pattern, const std::string& path) {
  for (auto outer = path; !outer.empty(); outer = split_last(outer).first) {
    if (matches(pattern, outer)) return true;
  }
  return false;
}

}  // namespace expandnet
