// mask_file.h: reads masks, which are images whose pixels are indices.
#pragma once

#include <expandnet/base/export.h>
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

/// Reads a PNG with a palette, whose indices it returns and whose colours it
/// ignores; or a grey PNG of 1, 2, 4, 8 or 16 bits, whose stored values, not
/// scaled, are the indices.
///
/// Throws `std::runtime_error` if the file cannot be read, is of another kind,
/// is truncated or damaged, or exceeds a limit of `ImageFile`, and if the
/// library was built without libpng.
///
///     const auto mask = read_mask("SegmentationClass/2007_000032.png");
[[nodiscard]] EXPANDNET_API Mask read_mask(const std::string& path);

/// Returns the size of a mask. Reads only the header of the file, so it does
/// not notice damage after the header. Throws as `read_mask` does.
[[nodiscard]] EXPANDNET_API ImageSize read_mask_size(const std::string& path);

}  // namespace expandnet::data
