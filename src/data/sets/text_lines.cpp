#include "data/sets/text_lines.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::data {

namespace {

constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";
constexpr std::array<std::string_view, 2> kUtf16Marks = {"\xff\xfe",
                                                         "\xfe\xff"};
constexpr const char* kBlanks = " \t\r";

std::string without_blanks(const std::string& line) {
  const auto begin = line.find_first_not_of(kBlanks);
  if (begin == std::string::npos) return "";
  return line.substr(begin, line.find_last_not_of(kBlanks) - begin + 1);
}

/// In UTF-16 every second byte of English words is 0, and no name is found by
/// them.
void check_is_text(const std::string& line, const FileLine& place) {
  const bool has_mark = std::any_of(
      kUtf16Marks.begin(), kUtf16Marks.end(),
      [&](auto mark) { return line.compare(0, mark.size(), mark) == 0; });
  const auto refuse = [](const std::string& value) {
    throw_file_error("read_text_lines", "a text file must be UTF-8", value,
                     "save it as UTF-8");
  };
  if (place.line == 1 && has_mark) {
    refuse("UTF-16 in " + in_quotes(place.path));
  }
  if (line.find('\0') != std::string::npos) {
    refuse("a NUL byte " + place.text());
  }
}

}  // namespace

std::string FileLine::text() const {
  return "in line " + std::to_string(line) + " of " + in_quotes(path);
}

std::vector<TextLine> read_text_lines(const std::string& path,
                                      std::istream& stream) {
  std::vector<TextLine> lines;
  std::string line;
  errno = 0;
  for (std::int64_t number = 1; std::getline(stream, line); ++number) {
    if (number == 1 && line.compare(0, kUtf8Mark.size(), kUtf8Mark) == 0) {
      line.erase(0, kUtf8Mark.size());
    }
    check_is_text(line, {path, number});
    auto text = without_blanks(line);
    if (!text.empty()) lines.push_back({std::move(text), number});
  }
  if (stream.bad()) throw_system_error("read", path, errno);
  return lines;
}

std::vector<TextLine> read_text_lines(const std::string& path) {
  errno = 0;
  std::ifstream stream(path);
  if (!stream) throw_system_error("open", path, errno);
  return read_text_lines(path, stream);
}

}  // namespace expandnet::data
