// image_list.h: reads lists of images and their classes.
#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

namespace expandnet::data {

/// A line "file,class".
struct ListedImage {
  std::string name;
  std::string label;
  std::int64_t line = 0;  ///< from 1
};

/// What stands in a line of a list, for messages: `"text" in line 3 of "path"`.
[[nodiscard]] std::string in_line_of_list(const std::string& text,
                                          std::int64_t line,
                                          const std::string& path);

/// Reads lines of "file,class", after a first line "file,class" or not, of
/// "file class", as Caffe's val.txt has them, or all of Kaggle's
/// LOC_val_solution.csv. Empty lines are passed over, and they may end as on
/// Windows.
///
/// Throws `std::runtime_error`, in the name of `where`, for another line and
/// where the stream fails before its end.
[[nodiscard]] std::vector<ListedImage> read_image_list(const std::string& where,
                                                       const std::string& path,
                                                       std::istream& stream);

}  // namespace expandnet::data
