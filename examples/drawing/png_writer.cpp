#include "drawing/png_writer.h"

#include <png.h>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::examples {

namespace {

void write_with_libpng(const std::string& path, data::ImageSize size,
                       png_uint_32 format, const std::uint8_t* pixels,
                       const void* colors) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.height = static_cast<png_uint_32>(size.height);
  image.width = static_cast<png_uint_32>(size.width);
  image.format = format;
  image.colormap_entries = colors == nullptr ? 0 : 256;
  if (png_image_write_to_file(&image, path.c_str(), 0, pixels, 0, colors) ==
      0) {
    throw_file_error("write_png", "a file must be written as PNG",
                     std::string(image.message) + " for " + in_quotes(path),
                     "see whether the folder is there and the disk has room");
  }
}

}  // namespace

const std::array<std::array<std::uint8_t, 3>, 256>& voc_palette() {
  static const auto palette = [] {
    std::array<std::array<std::uint8_t, 3>, 256> colors = {};
    for (unsigned index = 0; index < colors.size(); ++index) {
      // Bits 0, 3 and 6 go to red, the next ones to green and blue; the lowest
      // bits of the index become the highest of the channels.
      for (unsigned bit = 0; bit < 8; ++bit) {
        const auto place = 7 - bit / 3;
        const auto channel = bit % 3;
        colors[index][channel] = static_cast<std::uint8_t>(
            colors[index][channel] | (index >> bit & 1U) << place);
      }
    }
    return colors;
  }();
  return palette;
}

void write_png(const std::string& path, const data::Image& image) {
  write_with_libpng(path, {image.height, image.width}, PNG_FORMAT_RGB,
                    image.pixels.data(), nullptr);
}

void write_mask(const std::string& path, const std::vector<std::uint8_t>& mask,
                data::ImageSize size) {
  write_with_libpng(path, size, PNG_FORMAT_RGB_COLORMAP, mask.data(),
                    voc_palette().data());
}

}  // namespace expandnet::examples
