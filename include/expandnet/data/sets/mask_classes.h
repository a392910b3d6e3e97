// mask_classes.h: reads the classes of the indices in masks.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/images/label_image.h>

#include <string>
#include <vector>

namespace expandnet::data {

struct MaskClasses {
  std::vector<std::string> classes;
  IndexLabels labels;  ///< of the indices in the masks
};

/// Reads a file in which each line names the class of an index. If all lines
/// start with a number, it is the index: "3 sky", "3: sky". Otherwise the lines
/// are for the indices 0, 1 ... Lines with the same name make one class of
/// several indices. Pixels are ignored if their class is "ignored" or, unless
/// the file names it, their index is 255. Any other index without a line is an
/// error when a mask is read.
///
/// Blanks at both ends of a line, empty lines and the byte order mark of UTF-8
/// are skipped.
///
/// Throws `std::runtime_error` for a file that cannot be read, for a malformed
/// line, and if some lines start with a number and others do not.
[[nodiscard]] EXPANDNET_API MaskClasses
read_mask_classes(const std::string& path);

}  // namespace expandnet::data
