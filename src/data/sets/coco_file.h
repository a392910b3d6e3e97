// coco_file.h: the JSON file of COCO's instances.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace expandnet::data {

/// An element of an array in the file. Whole numbers may be written as "64.0",
/// and ids as strings of digits, too.
struct CocoElement {
  std::int64_t number = 0;  ///< among those of its array, from 1
  std::optional<std::int64_t> id = {};
  /// The first field that is missing or wrong, "" if none is: `no width`,
  /// `width "64 px"`.
  std::string wrong = {};
};
struct CocoImage : CocoElement {
  std::optional<std::int64_t> width, height;
  std::optional<std::string> file_name;
};
struct CocoCategory : CocoElement {
  std::optional<std::string> name;
};
/// An annotation may do without an id.
struct CocoAnnotation : CocoElement {
  std::optional<std::int64_t> image_id, category_id;
  std::optional<std::array<double, 4>> bbox;  ///< left, top, width, height
  bool iscrowd = false;
  /// `iscrowd "x"` where it is neither 0 nor 1, true nor false; "" where it is.
  std::string wrong_crowd;
};

/// Functions that are called for each element of the three arrays, in the order
/// of the file.
struct CocoVisitor {
  std::function<void(CocoImage)> image;
  std::function<void(CocoCategory)> category;
  std::function<void(CocoAnnotation)> annotation;
};

/// Reads the file and keeps only one element at a time in memory: the file of
/// COCO's training set has 450 MB, most of it outlines.
///
/// Throws `std::runtime_error` in the name of `where`, with the line and the
/// byte, for what is no JSON in UTF-8.
void parse_coco(const std::string& where, const std::string& path,
                std::string_view bytes, const CocoVisitor& visitor);

}  // namespace expandnet::data
