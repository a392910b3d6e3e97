// placement.h: where an image lies in a picture of another size.
#pragma once

#include <expandnet/data/images/image.h>
#include <expandnet/data/images/image_file.h>
#include <expandnet/data/images/resize.h>

#include <cstdint>

namespace expandnet::data {

/// Part of an image that is scaled to part of a picture; the rest of the
/// picture is grey. A flip mirrors all of the picture at the end.
struct Placement {
  Crop source;     ///< of the image
  Crop target;     ///< of the picture, before the flip
  ImageSize size;  ///< of the picture
  Flip flip = Flip::kNone;
};

/// Pixels of a picture that no image covers, in all channels.
inline constexpr std::uint8_t kGreyLevel = 128;

/// The whole image, stretched to the picture.
[[nodiscard]] Placement stretch(ImageSize image, ImageSize size);

/// The whole image in its proportions, as large as the picture allows, in the
/// middle.
[[nodiscard]] Placement letterbox(ImageSize image, ImageSize size);

/// Where a box of the image lies in the picture, even if outside.
[[nodiscard]] Box to_picture(const Placement& placement, const Box& box);
/// Where a box of the picture lies in the image, even if outside.
[[nodiscard]] Box to_image(const Placement& placement, const Box& box);

/// The picture of an image that is in memory as a whole.
[[nodiscard]] Image place(const Image& image, const Placement& placement);
/// The picture of a file, of which no more is decoded than it needs: a JPEG at
/// a fraction of its size if that is enough. Throws as `ImageFile` does.
[[nodiscard]] Image place(const ImageFile& file, const Placement& placement);

}  // namespace expandnet::data
