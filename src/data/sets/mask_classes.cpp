#include <expandnet/data/sets/mask_classes.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "data/sets/annotation_checks.h"

namespace expandnet::data {

namespace {

constexpr const char* kMaskClasses = "read_mask_classes";
constexpr std::size_t kMostIndices = std::size_t{1} << 16U;
constexpr const char* kDigits = "0123456789";

/// A line of a classes file.
struct ClassLine {
  std::string text;
  FileLine line;
};

std::vector<ClassLine> read_class_lines(const std::string& path) {
  errno = 0;
  std::ifstream stream(path);
  if (!stream) throw_system_error("open", path, errno);
  std::vector<ClassLine> lines;
  std::string text;
  for (std::int64_t number = 1; std::getline(stream, text); ++number) {
    while (!text.empty() && (text.back() == '\r' || text.back() == ' ')) {
      text.pop_back();
    }
    if (!text.empty()) lines.push_back({text, {path, number}});
  }
  if (stream.bad()) throw_system_error("read", path, errno);
  if (lines.empty()) {
    throw_file_error(kMaskClasses, "a classes file must name a class",
                     "none in " + in_quotes(path), "write a class a line");
  }
  return lines;
}

/// Whether it is a number, a space and a name.
bool starts_with_index(const ClassLine& line) {
  const auto end = line.text.find_first_not_of(kDigits);
  return end != 0 && end != std::string::npos && line.text[end] == ' ';
}

/// The index that the line starts with, which is cut off.
std::size_t take_index(ClassLine& line) {
  const auto end = line.text.find(' ');
  // Nine digits fit in any integer; more are too many, anyway.
  const auto digits = line.text.substr(0, std::min<std::size_t>(end, 9));
  const auto index = static_cast<std::size_t>(std::stoul(digits));
  if (end > 9 || index >= kMostIndices) {
    throw_file_error(kMaskClasses, "an index of a class must be 0 to 65535",
                     quoted_name(line.text) + " " + line.line.text(),
                     "correct it");
  }
  line.text.erase(0, line.text.find_first_not_of(' ', end));
  return index;
}

}  // namespace

MaskClasses read_mask_classes(const std::string& path) {
  MaskClasses result;
  auto lines = read_class_lines(path);
  const bool by_index =
      std::all_of(lines.begin(), lines.end(), starts_with_index);
  std::map<std::string, std::int16_t> known = {{"ignored", kIgnoredLabel}};
  std::size_t next = 0;
  for (auto& line : lines) {
    const auto index = by_index ? take_index(line) : next++;
    if (known.count(line.text) == 0) {
      known[line.text] = static_cast<std::int16_t>(result.classes.size());
      result.classes.push_back(line.text);
    }
    if (result.classes.size() > kIgnoredLabel || index >= kMostIndices) {
      throw_file_error(kMaskClasses, "there must be at most 255 classes",
                       "one more " + line.line.text(), "merge some");
    }
    if (index >= result.labels.size()) result.labels.resize(index + 1, -1);
    if (result.labels[index] >= 0) {
      throw_file_error(kMaskClasses, "an index must have one class",
                       std::to_string(index) + " again " + line.line.text(),
                       "remove a line");
    }
    result.labels[index] = known[line.text];
  }
  if (result.classes.empty()) {
    throw_file_error(kMaskClasses, "a classes file must name a class",
                     "only ignored ones in " + in_quotes(path),
                     "write a class a line");
  }
  if (result.labels.size() <= kIgnoredLabel) {
    result.labels.resize(kIgnoredLabel + 1, -1);
  }
  auto& ignored = result.labels[kIgnoredLabel];
  if (ignored < 0) ignored = kIgnoredLabel;
  return result;
}

}  // namespace expandnet::data
