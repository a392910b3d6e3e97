#include <expandnet/data/images/color_change.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace expandnet::data {

namespace {

constexpr float kSextants = 6;

/// The hue of a colour that is not grey, in sextants from red, 0 to 6.
float hue_of(const std::array<float, 3>& color, float largest, float range) {
  const auto [red, green, blue] = color;
  float hue = 0;
  if (largest == red) {
    hue = (green - blue) / range;
  } else if (largest == green) {
    hue = 2 + (blue - red) / range;
  } else {
    hue = 4 + (red - green) / range;
  }
  return hue < 0 ? hue + kSextants : hue;
}

std::uint8_t level(float value) {
  return static_cast<std::uint8_t>(std::min(value + 0.5F, 255.0F));
}

}  // namespace

void change_color(std::uint8_t* pixels, ImageSize size,
                  const ColorChange& change) {
  const auto turn = static_cast<float>(change.hue - std::floor(change.hue));
  const auto saturate = static_cast<float>(change.saturation);
  const auto expose = static_cast<float>(change.exposure);
  const auto* end = pixels + size.height * size.width * 3;
  for (auto* pixel = pixels; pixel != end; pixel += 3) {
    const std::array<float, 3> color = {static_cast<float>(pixel[0]),
                                        static_cast<float>(pixel[1]),
                                        static_cast<float>(pixel[2])};
    const auto largest = std::max({color[0], color[1], color[2]});
    const auto range = largest - std::min({color[0], color[1], color[2]});
    const auto value = largest * expose;
    if (range == 0) {
      pixel[0] = pixel[1] = pixel[2] = level(value);
      continue;
    }
    auto hue = hue_of(color, largest, range) + turn * kSextants;
    if (hue >= kSextants) hue -= kSextants;
    const auto chroma = value * std::min(range / largest * saturate, 1.0F);
    // How much of the chroma each channel lacks, by its distance from its hue.
    const auto lacks = [&](float from) {
      auto place = hue + from;
      if (place >= kSextants) place -= kSextants;
      return std::clamp(std::min(place, 4 - place), 0.0F, 1.0F);
    };
    pixel[0] = level(value - chroma * lacks(5));
    pixel[1] = level(value - chroma * lacks(3));
    pixel[2] = level(value - chroma * lacks(1));
  }
}

}  // namespace expandnet::data
