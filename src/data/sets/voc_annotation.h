// voc_annotation.h: the XML annotation of one image of PASCAL VOC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace expandnet::data {

/// A field that is not as it must be: the rule, and `xmin "1,5"`.
struct WrongField {
  std::string rule;
  std::string value;
};

struct VocObject {
  std::string name;
  std::int64_t line = 0;  ///< of its first line, from 1
  /// As in the file: counted from 1, including both ends.
  std::optional<double> xmin, ymin, xmax, ymax;
  bool difficult = false;
  bool truncated = false;
  std::optional<WrongField> wrong;  ///< the first in it
};

struct VocAnnotation {
  std::optional<double> width, height;
  std::int64_t size_line = 1;       ///< of <size>
  std::optional<WrongField> wrong;  ///< in <size>
  std::vector<VocObject> objects;
};

/// Reads an annotation. Elements that are not asked for are passed over, empty
/// ones are absent.
///
/// Throws `std::runtime_error` in the name of `where`, with the line, unless
/// the file is XML with the root <annotation>, without a document type and with
/// at most 32 levels; `c10::Error` if the library was built without expat.
[[nodiscard]] VocAnnotation parse_voc_annotation(const std::string& where,
                                                 const std::string& path,
                                                 std::string_view bytes);

}  // namespace expandnet::data
