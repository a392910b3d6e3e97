// color_change.h: changes hue, saturation and brightness of images.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/images/image.h>

#include <cstdint>

namespace expandnet::data {

/// A change of hue, saturation and value (HSV).
struct ColorChange {
  double hue = 0;         ///< added, in full turns
  double saturation = 1;  ///< factor; the result is at most 1
  double exposure = 1;    ///< factor of the value; channels are at most 255
};

/// Changes the pixels, [height, width, 3], in place; rounds each channel.
EXPANDNET_API void change_color(std::uint8_t* pixels, ImageSize size,
                                const ColorChange& change);

}  // namespace expandnet::data
