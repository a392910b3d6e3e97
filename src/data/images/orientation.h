// orientation.h: the EXIF orientation of stored images.
#pragma once

#include <expandnet/data/images/image.h>

#include <cstddef>
#include <cstdint>

namespace expandnet::data {

/// Returns the orientation in a JPEG's APP1 segment, 1 to 8; 0 if the segment
/// is not EXIF, has no orientation, or is damaged. `data` points to the `size`
/// bytes after the length of the segment.
[[nodiscard]] int exif_orientation(const std::uint8_t* data, std::size_t size);

/// Converts a stored size to the displayed size, and vice versa.
[[nodiscard]] ImageSize oriented_size(ImageSize size, int orientation);

/// Returns where the displayed pixels `shown` are in an image of size `stored`.
[[nodiscard]] Crop stored_crop(Crop shown, ImageSize stored, int orientation);

/// Returns where the area `stored` of an image of stored `size` is displayed.
[[nodiscard]] Box shown_box(Box stored, ImageSize size, int orientation);

/// Returns the image as it is displayed.
[[nodiscard]] Image orient(Image stored, int orientation);

}  // namespace expandnet::data
