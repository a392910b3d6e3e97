#include "drawing/masks.h"

#include <cmath>
#include <cstddef>

#include "drawing/png_writer.h"

namespace expandnet::examples {

void draw_mask(data::Image& image, const std::vector<std::uint8_t>& mask,
               double opacity) {
  auto* value = image.pixels.data();
  for (const auto index : mask) {
    for (const auto color : voc_palette()[index]) {
      *value = static_cast<std::uint8_t>(
          std::lround(opacity * color + (1 - opacity) * *value));
      ++value;
    }
  }
}

}  // namespace expandnet::examples
