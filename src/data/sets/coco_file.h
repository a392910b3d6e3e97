// coco_file.h: the JSON file of COCO's instances.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace expandnet::data {

/// The elements of the arrays as the file has them; fields that are missing or
/// have another type are absent.
struct CocoImage {
  std::int64_t line = 0;
  std::optional<std::int64_t> id, width, height;
  std::optional<std::string> file_name;
};
struct CocoCategory {
  std::int64_t line = 0;
  std::optional<std::int64_t> id;
  std::optional<std::string> name;
};
struct CocoAnnotation {
  std::int64_t line = 0;
  std::optional<std::int64_t> image_id, category_id;
  std::optional<std::array<double, 4>> bbox;  ///< left, top, width, height
  bool iscrowd = false;
};

/// Functions that are called for each element of the three arrays, in the order
/// of the file.
struct CocoVisitor {
  std::function<void(CocoImage)> image;
  std::function<void(CocoCategory)> category;
  std::function<void(const CocoAnnotation&)> annotation;
};

/// Reads the file and keeps only one element at a time in memory: the file of
/// COCO's training set has 450 MB, most of it outlines.
///
/// Throws `std::runtime_error` in the name of `where`, with the line, unless
/// the file is JSON in UTF-8.
void parse_coco(const std::string& where, const std::string& path,
                std::string_view bytes, const CocoVisitor& visitor);

}  // namespace expandnet::data
