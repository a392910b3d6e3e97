// text_lines.h: the lines of a text file that people or programs wrote.
#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

namespace expandnet::data {

/// Where something stands in a file, for messages: `in line 3 of "path"`.
struct FileLine {
  std::string path;
  std::int64_t line = 0;  ///< from 1

  [[nodiscard]] std::string text() const;
};

struct TextLine {
  std::string text;
  std::int64_t number = 0;  ///< from 1
};

/// The lines that hold more than blanks, without blanks at either end. A blank
/// is a space, a tab, or the carriage return that ends lines on Windows. The
/// mark of UTF-8 that some editors write before the first line is dropped.
///
/// Throws `std::runtime_error` for a NUL byte and the mark of UTF-16, and where
/// the stream fails before its end.
[[nodiscard]] std::vector<TextLine> read_text_lines(const std::string& path,
                                                    std::istream& stream);
/// The same of a file. Throws `std::runtime_error`, too, where it cannot be
/// opened.
[[nodiscard]] std::vector<TextLine> read_text_lines(const std::string& path);

}  // namespace expandnet::data
