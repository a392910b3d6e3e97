#include "data/sets/image_list.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::data {

namespace {

/// Kaggle's list of ImageNet: names without their ending, and classes with the
/// boxes of their objects.
constexpr const char* kKaggleHeader = "ImageId,PredictionString";
constexpr const char* kKaggleEnding = ".JPEG";

/// File and class of a line; nothing unless it has the two.
std::optional<std::pair<std::string, std::string>> fields_of(
    const std::string& line, bool is_kaggles) {
  const bool has_comma = line.find(',') != std::string::npos;
  const auto* separators = has_comma ? "," : " \t";
  const auto end = line.find_first_of(separators);
  const auto next =
      has_comma ? end + 1 : line.find_first_not_of(separators, end);
  if (end == 0 || end == std::string::npos || next >= line.size()) {
    return std::nullopt;
  }
  auto name = line.substr(0, end);
  auto label = line.substr(next);
  if (is_kaggles) {
    name += kKaggleEnding;
    label.resize(std::min(label.find(' '), label.size()));
  }
  if (label.find_first_of(separators) != std::string::npos) return std::nullopt;
  return {{name, label}};
}

}  // namespace

std::string in_line_of_list(const std::string& text, std::int64_t line,
                            const std::string& path) {
  return in_quotes(text) + " in line " + std::to_string(line) + " of " +
         in_quotes(path);
}

std::vector<ListedImage> read_image_list(const std::string& where,
                                         const std::string& path,
                                         std::istream& stream) {
  std::vector<ListedImage> images;
  std::string line;
  bool is_kaggles = false;
  errno = 0;
  for (std::int64_t number = 1; std::getline(stream, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (number == 1) is_kaggles = line == kKaggleHeader;
    const bool is_header = number == 1 && (is_kaggles || line == "file,class");
    if (line.empty() || is_header) continue;
    const auto fields = fields_of(line, is_kaggles);
    if (!fields) {
      throw_file_error(where, "a line must be file,class or file class",
                       in_line_of_list(line, number, path), "correct it");
    }
    images.push_back({fields->first, fields->second, number});
  }
  if (stream.bad()) throw_system_error("read", path, errno);
  return images;
}

}  // namespace expandnet::data
