// label_image.h: the class of every pixel.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/images/mask_file.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::data {

/// Label of pixels that are neither trained on nor counted.
inline constexpr std::uint8_t kIgnoredLabel = 255;

struct LabelImage {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> labels;  ///< [height, width]; classes or
                                     ///< kIgnoredLabel
};

/// The label of each index of a mask: a class, `kIgnoredLabel`, or -1 for an
/// index that masks must not have. They must not have an index beyond the end
/// either.
using IndexLabels = std::vector<std::int16_t>;

/// Reads a mask and replaces each index by its label.
///
/// Throws `std::runtime_error`, which names the file and the pixel, for an
/// index without a label, and as `read_mask` does.
[[nodiscard]] EXPANDNET_API LabelImage read_labels(const std::string& path,
                                                   const IndexLabels& labels);

}  // namespace expandnet::data
