// placement.h: the position of an image in a picture of another size.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/images/image.h>
#include <expandnet/data/images/image_file.h>
#include <expandnet/data/images/resize.h>

#include <cstdint>

namespace expandnet::data {

/// Part of an image, scaled to part of a picture; the rest of the picture is
/// grey. At the end, a flip mirrors the whole picture.
struct Placement {
  Crop source;     ///< in the image
  Crop target;     ///< in the picture, before the flip
  ImageSize size;  ///< of the picture
  Flip flip = Flip::kNone;
};

/// Value of all channels in pixels of a picture outside the image.
inline constexpr std::uint8_t kGreyLevel = 128;

/// Places the whole image, stretched to the size of the picture.
[[nodiscard]] EXPANDNET_API Placement stretch(ImageSize image, ImageSize size);

/// Places the whole image with its aspect ratio, as large as the picture
/// allows, in the middle.
[[nodiscard]] EXPANDNET_API Placement letterbox(ImageSize image,
                                                ImageSize size);

/// Converts a box from the image to the picture; it may be outside.
[[nodiscard]] EXPANDNET_API Box to_picture(const Placement& placement,
                                           const Box& box);
/// Converts a box from the picture to the image; it may be outside.
[[nodiscard]] EXPANDNET_API Box to_image(const Placement& placement,
                                         const Box& box);

/// Makes the picture of an image in memory.
[[nodiscard]] EXPANDNET_API Image place(const Image& image,
                                        const Placement& placement);
/// Makes the picture of a file and decodes only what it needs: a JPEG at a
/// fraction of its size if that is enough. Throws as `ImageFile` does.
[[nodiscard]] EXPANDNET_API Image place(const ImageFile& file,
                                        const Placement& placement);

}  // namespace expandnet::data
