// mask_classes.h: reads the classes of the indices in masks.
#pragma once

#include <expandnet/data/images/label_image.h>

#include <string>
#include <vector>

namespace expandnet::data {

struct MaskClasses {
  std::vector<std::string> classes;
  IndexLabels labels;  ///< of the indices in the masks
};

/// Reads a file in which each line names the class of one index. If all lines
/// start with a number, that is the index; else the first line is index 0.
/// Lines with the same name make one class of several indices. Ignored are
/// pixels with index 255, unless the file names it, and pixels of a class
/// "ignored". Any other index that is not in the file is an error when a mask
/// is read.
///
/// Throws `std::runtime_error` for a file that cannot be read and for an
/// invalid line.
[[nodiscard]] MaskClasses read_mask_classes(const std::string& path);

}  // namespace expandnet::data
