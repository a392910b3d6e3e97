#include <expandnet/data/sets/mask_classes.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "data/sets/text_lines.h"

namespace expandnet::data {

namespace {

constexpr const char* kMaskClasses = "read_mask_classes";
constexpr std::size_t kMostIndices = std::size_t{1} << 16U;
constexpr const char* kDigits = "0123456789";
/// What may stand between an index and a name.
constexpr const char* kAfterIndex = " \t:,";

std::string place_of(const TextLine& line, const std::string& path) {
  return quoted_name(line.text) + " " + FileLine{path, line.number}.text();
}

/// How many bytes the index has that a line starts with, its sign with it; 0
/// unless what follows is a name.
std::size_t index_length(const std::string& text) {
  const auto begin = text.find_first_of("+-") == 0 ? 1U : 0U;
  const auto end = text.find_first_not_of(kDigits, begin);
  const bool is_index =
      end != begin && end != std::string::npos &&
      std::string(kAfterIndex).find(text[end]) != std::string::npos &&
      text.find_first_not_of(kAfterIndex, end) != std::string::npos;
  return is_index ? end : 0;
}

/// A name, and the index that stands before it.
struct ClassLine {
  std::optional<std::size_t> index;
  std::string name;
};

ClassLine parse_class_line(const TextLine& line, const std::string& path) {
  const auto length = index_length(line.text);
  if (length == 0) {
    if (line.text.front() == '#') {
      throw_file_error(kMaskClasses, "a line of a classes file must be a class",
                       place_of(line, path), "remove the comment");
    }
    return {std::nullopt, line.text};
  }
  // Nine digits fit in any integer; more are too many, anyway.
  const bool is_number =
      length <= 9 && std::isdigit(static_cast<unsigned char>(line.text[0]));
  const auto index =
      is_number ? static_cast<std::size_t>(std::stoul(line.text)) : 0;
  if (!is_number || index >= kMostIndices) {
    throw_file_error(kMaskClasses, "an index of a class must be 0 to 65535",
                     place_of(line, path), "correct it");
  }
  return {index,
          line.text.substr(line.text.find_first_not_of(kAfterIndex, length))};
}

std::vector<TextLine> read_class_lines(const std::string& path) {
  auto lines = read_text_lines(path);
  if (lines.empty()) {
    throw_file_error(kMaskClasses, "a classes file must name a class",
                     "none in " + in_quotes(path), "write a class a line");
  }
  // One line that is written otherwise would change what all others mean.
  const auto has_index = [](const TextLine& line) {
    return index_length(line.text) > 0;
  };
  const auto other =
      std::find_if(lines.begin(), lines.end(), [&](const TextLine& line) {
        return has_index(line) != has_index(lines.front());
      });
  if (other != lines.end()) {
    throw_file_error(kMaskClasses,
                     "all lines of a classes file must start with an index, or "
                     "none",
                     place_of(*other, path) + ", unlike " +
                         quoted_name(lines.front().text) + " in line " +
                         std::to_string(lines.front().number),
                     "write all of them in one way");
  }
  return lines;
}

void ignore_index_255(IndexLabels& labels) {
  if (labels.size() <= kIgnoredLabel) labels.resize(kIgnoredLabel + 1, -1);
  auto& ignored = labels[kIgnoredLabel];
  if (ignored < 0) ignored = kIgnoredLabel;
}

}  // namespace

MaskClasses read_mask_classes(const std::string& path) {
  MaskClasses result;
  std::map<std::string, std::int16_t> known = {{"ignored", kIgnoredLabel}};
  std::size_t next = 0;
  for (const auto& line : read_class_lines(path)) {
    const FileLine place = {path, line.number};
    const auto [stated, name] = parse_class_line(line, path);
    const auto index = stated.value_or(next++);
    if (known.count(name) == 0) {
      known[name] = static_cast<std::int16_t>(result.classes.size());
      result.classes.push_back(name);
    }
    if (result.classes.size() > kIgnoredLabel || index >= kMostIndices) {
      throw_file_error(kMaskClasses, "there must be at most 255 classes",
                       "one more " + place.text(), "merge some");
    }
    if (index >= result.labels.size()) result.labels.resize(index + 1, -1);
    if (result.labels[index] >= 0) {
      throw_file_error(kMaskClasses, "an index must have one class",
                       std::to_string(index) + " again " + place.text(),
                       "remove a line");
    }
    result.labels[index] = known[name];
  }
  if (result.classes.empty()) {
    throw_file_error(kMaskClasses, "a classes file must name a class",
                     "only ignored ones in " + in_quotes(path),
                     "write a class a line");
  }
  ignore_index_255(result.labels);
  return result;
}

}  // namespace expandnet::data
