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

/// How to interpret the classes in a list.
enum class LabelReading {
  kEither,  ///< the list does not state it
  kNames,
  kPlaces,  ///< indices of the sorted classes, from 0
};

struct ImageList {
  LabelReading reading = LabelReading::kEither;
  std::vector<ListedImage> images;
};

/// Describes text in a line of the list, for messages:
/// `"text" in line 3 of "path"`.
[[nodiscard]] std::string in_line_of_list(const std::string& text,
                                          std::int64_t line,
                                          const std::string& path);

/// Reads lines of "file,class"; lines of "file class", as in Caffe's val.txt,
/// optionally followed by four numbers, as in Tiny-ImageNet's
/// val_annotations.txt; or Kaggle's LOC_val_solution.csv. The first line may be
/// "file,class"; the first lines "file,name" and "file,place" also set the
/// reading. Empty lines are skipped. Lines may end with CR LF, fields may be
/// quoted, and the file may start with a UTF-8 byte order mark, as Excel writes
/// it.
///
/// Throws `std::runtime_error`, in the name of `where`, for any other line and
/// if the stream fails before its end.
[[nodiscard]] ImageList read_image_list(const std::string& where,
                                        const std::string& path,
                                        std::istream& stream);

/// Returns the index of each image's class in `classes`, with one reading for
/// the whole list. If the list does not state its reading, uses the one in
/// which all classes exist.
///
/// Throws `std::runtime_error` if there is no such reading, or if both are
/// possible and differ.
[[nodiscard]] std::vector<std::int64_t> labels_of(
    const ImageList& list, const std::vector<std::string>& classes,
    const std::string& where, const std::string& path);

}  // namespace expandnet::data
