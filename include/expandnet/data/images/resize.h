// resize.h: resizes images.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/images/image.h>

namespace expandnet::data {

enum class Flip {
  kNone,
  kHorizontal,  ///< left becomes right
};

/// Returns `box` of the image at `size`. Each output pixel is an average of
/// input pixels, weighted by a triangle around its position, which is two
/// output pixels wide if the image shrinks and two input pixels if it grows:
/// bilinear with antialiasing. Columns are averaged first and rounded, then
/// rows.
///
/// The result is that of PIL's `resize(size, BILINEAR, box)`, except that some
/// pixels differ by one level because of rounding. As in PIL, pixels outside
/// the box, but inside the image, contribute to the averages.
///
/// Throws `c10::Error` if `size` is not positive, or the box is empty or not
/// inside the image.
///
///     const auto half = resize(image, {0, 0, 480, 640}, {240, 320});
[[nodiscard]] EXPANDNET_API Image resize(const Image& image, const Box& box,
                                         ImageSize size,
                                         Flip flip = Flip::kNone);

}  // namespace expandnet::data
