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

/// How the classes of a list are meant.
enum class LabelReading {
  kEither,  ///< the list does not say
  kNames,
  kPlaces,  ///< among the sorted classes, from 0
};

struct ImageList {
  LabelReading reading = LabelReading::kEither;
  std::vector<ListedImage> images;
};

/// What stands in a line of a list, for messages: `"text" in line 3 of "path"`.
[[nodiscard]] std::string in_line_of_list(const std::string& text,
                                          std::int64_t line,
                                          const std::string& path);

/// Reads lines of "file,class", or of "file class", as Caffe's val.txt has
/// them, with four numbers behind or not, as in Tiny-ImageNet's
/// val_annotations.txt; or all of Kaggle's LOC_val_solution.csv. The first line
/// may be "file,class"; "file,name" and "file,place" say the reading, too.
/// Empty lines are passed over, and they may end as on Windows; fields may
/// stand in quotes, and Excel's mark of UTF-8 before the first.
///
/// Throws `std::runtime_error`, in the name of `where`, for another line and
/// where the stream fails before its end.
[[nodiscard]] ImageList read_image_list(const std::string& where,
                                        const std::string& path,
                                        std::istream& stream);

/// The place of each image's class in `classes`, by one reading for the whole
/// list. A list that does not say which takes that by which all classes exist.
///
/// Throws `std::runtime_error` where there is none, or there are two that
/// differ.
[[nodiscard]] std::vector<std::int64_t> labels_of(
    const ImageList& list, const std::vector<std::string>& classes,
    const std::string& where, const std::string& path);

}  // namespace expandnet::data
