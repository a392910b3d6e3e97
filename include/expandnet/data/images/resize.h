// resize.h: images at another size.
#pragma once

#include <expandnet/data/images/image.h>

namespace expandnet::data {

enum class Flip {
  kNone,
  kHorizontal,  ///< left becomes right
};

/// Returns `box` of the image at `size`. Each output pixel is an average of
/// those under a triangle around its place, which is two output pixels wide
/// when the image shrinks and two input pixels when it grows: bilinear with
/// antialiasing. Columns are averaged first, rounded, then rows.
///
/// These are the pixels of PIL's `resize(size, BILINEAR, box)`, some of them
/// off by a level, where rounding decides. As there, pixels outside the box,
/// but inside the image, take part.
///
/// Throws `c10::Error` when `size` is not positive, or the box is empty
/// or not inside the image.
///
///     const auto half = resize(image, {0, 0, 480, 640}, {240, 320});
[[nodiscard]] Image resize(const Image& image, const Box& box, ImageSize size,
                           Flip flip = Flip::kNone);

}  // namespace expandnet::data
