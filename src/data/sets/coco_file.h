// coco_file.h: the JSON file of COCO's instances.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace expandnet::data {

/// Something that stands in an array of the file, as it stands there: absent is
/// what is missing or of another type.
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

/// What is called for each element of the three arrays, in their order in the
/// file.
struct CocoVisitor {
  std::function<void(CocoImage)> image;
  std::function<void(CocoCategory)> category;
  std::function<void(const CocoAnnotation&)> annotation;
};

/// Reads the file without keeping more of it than an element: that of COCO's
/// training set has 450 MB, most of them outlines.
///
/// Throws `std::runtime_error` in the name of `where`, with the line, for what
/// is no JSON in UTF-8.
void parse_coco(const std::string& where, const std::string& path,
                std::string_view bytes, const CocoVisitor& visitor);

}  // namespace expandnet::data
