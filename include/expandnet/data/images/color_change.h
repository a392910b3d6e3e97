// color_change.h: images in other hues, paler or brighter.
#pragma once

#include <expandnet/data/images/image.h>

#include <cstdint>

namespace expandnet::data {

/// A change of hue, saturation and value (HSV).
struct ColorChange {
  double hue = 0;         ///< added, in turns: 1 is all round
  double saturation = 1;  ///< factor; the product is at most 1
  double exposure = 1;    ///< factor of the value; channels end at 255
};

/// Changes the pixels, [height, width, 3], in place, each channel rounded.
void change_color(std::uint8_t* pixels, ImageSize size,
                  const ColorChange& change);

}  // namespace expandnet::data
