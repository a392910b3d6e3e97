// orientation.h: how EXIF says that a stored image is to be shown.
#pragma once

#include <expandnet/data/images/image.h>

#include <cstddef>
#include <cstdint>

namespace expandnet::data {

/// The orientation that the APP1 segment of a JPEG states, 1 to 8; 0 if it is
/// not EXIF, states none, or is damaged. `data` are the `size` bytes after the
/// segment's length.
[[nodiscard]] int exif_orientation(const std::uint8_t* data, std::size_t size);

/// The size shown of an image stored in this size, and the other way round.
[[nodiscard]] ImageSize oriented_size(ImageSize size, int orientation);

/// Where the pixels of `shown` are stored, in an image of size `stored`.
[[nodiscard]] Crop stored_crop(Crop shown, ImageSize stored, int orientation);

/// Where the area `stored`, in an image stored in `size`, is shown.
[[nodiscard]] Box shown_box(Box stored, ImageSize size, int orientation);

/// The image as it is shown.
[[nodiscard]] Image orient(Image stored, int orientation);

}  // namespace expandnet::data
