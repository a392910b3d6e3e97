// masks.h: the classes of pixels, over the image.
#pragma once

#include <expandnet/data/images/image.h>

#include <cstdint>
#include <vector>

namespace expandnet::examples {

/// Mixes the image with the colours that `write_mask` gives the mask, which has
/// an index for each pixel. `opacity` is the share of the mask's colours, from
/// 0 to 1.
void draw_mask(data::Image& image, const std::vector<std::uint8_t>& mask,
               double opacity);

}  // namespace expandnet::examples
