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

/// Reads a file in which each line names a class: that of the index 0 first,
/// or, if all lines start with a number, that of this index: "3 sky", "3: sky".
/// Lines of the same name make one class of several indices. Pixels of the
/// index 255, unless the file names it, and of a class "ignored" are ignored;
/// other indices that no line has are errors where a mask is read.
///
/// Blanks at either end of a line, empty lines and the mark of UTF-8 are passed
/// over.
///
/// Throws `std::runtime_error` for a file that cannot be read, for a line that
/// is wrong, and where some lines start with a number and others do not.
[[nodiscard]] EXPANDNET_API MaskClasses
read_mask_classes(const std::string& path);

}  // namespace expandnet::data
