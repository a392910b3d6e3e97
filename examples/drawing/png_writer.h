// png_writer.h: writes images and masks as PNG.
#pragma once

#include <expandnet/data/images/image.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::examples {

/// The colours that VOC gives the indices of its masks: red, green, blue.
[[nodiscard]] const std::array<std::array<std::uint8_t, 3>, 256>& voc_palette();

/// Both throw `std::runtime_error` that names the file where it cannot be
/// written.
void write_png(const std::string& path, const data::Image& image);
/// Writes the values as indices into VOC's palette.
void write_mask(const std::string& path, const std::vector<std::uint8_t>& mask,
                data::ImageSize size);

}  // namespace expandnet::examples
