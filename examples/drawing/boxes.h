// boxes.h: rectangles in images.
#pragma once

#include <expandnet/data/images/image.h>

#include <array>
#include <cstdint>
#include <string>

namespace expandnet::examples {

using Color = std::array<std::uint8_t, 3>;  ///< red, green, blue

/// A colour for a class: those of VOC's masks, from the second on.
[[nodiscard]] Color color_of(std::int64_t label);
/// "#c00080"
[[nodiscard]] std::string html_of(const Color& color);

/// Draws the outline of a box, `width` pixels wide and within it; what is
/// outside the image is left out.
void draw_box(data::Image& image, const data::Box& box, const Color& color,
              std::int64_t width = 2);

}  // namespace expandnet::examples
