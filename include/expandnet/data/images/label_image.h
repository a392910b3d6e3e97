// label_image.h: the class of every pixel.
#pragma once

#include <expandnet/data/images/mask_file.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::data {

/// Of pixels that are neither trained on nor counted.
inline constexpr std::uint8_t kIgnoredLabel = 255;

struct LabelImage {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> labels;  ///< [height, width]; classes, or ignored
};

/// The label of each index of a mask: the place of a class, `kIgnoredLabel`, or
/// -1 where masks must not have the index. Nor must they have one beyond.
using IndexLabels = std::vector<std::int16_t>;

/// Reads a mask and gives its pixels their labels.
///
/// Throws `std::runtime_error` that names the file and the pixel for an index
/// without a label, and as `read_mask` does.
[[nodiscard]] LabelImage read_labels(const std::string& path,
                                     const IndexLabels& labels);

}  // namespace expandnet::data
