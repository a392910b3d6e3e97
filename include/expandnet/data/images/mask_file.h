// mask_file.h: reads masks, images whose pixels are indices.
#pragma once

#include <expandnet/data/images/image.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::data {

/// An index for every pixel.
struct Mask {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint16_t> indices;  ///< [height, width]
};

/// Reads a PNG with a palette, whose indices are what counts, never its
/// colours; or a grey one of 1, 2, 4, 8 or 16 bits, whose values are the
/// indices, as they are stored and in full.
///
/// Throws `std::runtime_error` when the file cannot be read, is of another
/// kind, cut short or damaged, or exceeds a limit of `ImageFile`, and if the
/// library was built without libpng.
///
///     const auto mask = read_mask("SegmentationClass/2007_000032.png");
[[nodiscard]] Mask read_mask(const std::string& path);

/// Decodes the header only. Throws as `read_mask` does.
[[nodiscard]] ImageSize read_mask_size(const std::string& path);

}  // namespace expandnet::data
