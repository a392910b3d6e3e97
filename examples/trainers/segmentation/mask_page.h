// mask_page.h: the classes that a net gave pixels, beside those that are meant.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::examples {

/// An image whose classes are known.
struct JudgedMask {
  std::string path;
  std::string found;         ///< the picture of what was found, from the page
  std::string meant;         ///< the picture of what is meant, from the page
  std::int64_t right = 0;    ///< pixels that have the class that is meant
  std::int64_t counted = 0;  ///< pixels that are not ignored
};

/// Counts the pixels of a mask that have their labels' class. Both have the
/// same size; ignored labels do not count.
void judge(JudgedMask& image, const std::vector<std::uint8_t>& mask,
           const std::vector<std::uint8_t>& labels);

/// A page that shows the two pictures of each image side by side, the share of
/// pixels that are right, and the colours of the classes.
[[nodiscard]] std::string masks_html(const std::vector<JudgedMask>& images,
                                     const std::vector<std::string>& classes);

}  // namespace expandnet::examples
