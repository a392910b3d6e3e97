#include "drawing/boxes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "drawing/png_writer.h"

namespace expandnet::examples {

Color color_of(std::int64_t label) {
  const auto& palette = voc_palette();
  return palette[static_cast<std::size_t>(label) % (palette.size() - 1) + 1];
}

std::string html_of(const Color& color) {
  return fmt::format("#{:02x}{:02x}{:02x}", color[0], color[1], color[2]);
}

void draw_box(data::Image& image, const data::Box& box, const Color& color,
              std::int64_t width) {
  const auto within = [](double at, std::int64_t side) {
    return std::clamp<std::int64_t>(std::lround(at), 0, side);
  };
  const auto left = within(box.left, image.width);
  const auto right = within(box.left + box.width, image.width);
  const auto top = within(box.top, image.height);
  const auto bottom = within(box.top + box.height, image.height);
  for (auto y = top; y < bottom; ++y) {
    const bool is_edge = y < top + width || y >= bottom - width;
    for (auto x = left; x < right; ++x) {
      if (!is_edge && x >= left + width && x < right - width) continue;
      std::copy(color.begin(), color.end(),
                image.pixels.begin() + 3 * (y * image.width + x));
    }
  }
}

}  // namespace expandnet::examples
