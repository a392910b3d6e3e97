#include "data/images/png_file.h"

#include <png.h>

#include "base/error.h"

namespace expandnet::data {

namespace {

constexpr std::int64_t kPngChannels = 4;

/// libpng's state, which goes whichever way it is left.
class PngReader {
 public:
  /// Reads the header.
  PngReader(const std::string& where, const std::string& path,
            const std::vector<std::uint8_t>& bytes)
      : where_(where), path_(path) {
    info_.version = PNG_IMAGE_VERSION;
    png_image_begin_read_from_memory(&info_, bytes.data(), bytes.size());
    check();
  }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_image_free(&info_); }

  [[nodiscard]] ImageSize size() const { return {info_.height, info_.width}; }

  /// [H, W, 4]
  [[nodiscard]] std::vector<std::uint8_t> read() {
    // With its transparency a pixel keeps its colour.
    info_.format = PNG_FORMAT_RGBA;
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(kPngChannels) *
                                     info_.height * info_.width);
    png_image_finish_read(&info_, nullptr, pixels.data(), 0, nullptr);
    check();
    return pixels;
  }

 private:
  void check() const {
    if (PNG_IMAGE_FAILED(info_) == 0) return;
    throw_file_error(where_, "the PNG data must decode",
                     "\"" + path_ + "\": " + info_.message,
                     "fetch the file again");
  }

  const std::string& where_;
  const std::string& path_;
  png_image info_ = {};
};

}  // namespace

ImageSize read_png_header(const std::string& where, const std::string& path,
                          const std::vector<std::uint8_t>& bytes) {
  return PngReader(where, path, bytes).size();
}

Image decode_png(const std::string& where, const std::string& path,
                 const std::vector<std::uint8_t>& bytes, const Crop& crop) {
  PngReader reader(where, path, bytes);
  const auto source = reader.read();
  Image image = {crop.height, crop.width, {}};
  image.pixels.reserve(static_cast<std::size_t>(crop.height * crop.width * 3));
  for (std::int64_t y = 0; y < crop.height; ++y) {
    const auto* pixel =
        source.data() +
        ((crop.top + y) * reader.size().width + crop.left) * kPngChannels;
    for (std::int64_t x = 0; x < crop.width; ++x, pixel += kPngChannels) {
      image.pixels.insert(image.pixels.end(), pixel, pixel + 3);
    }
  }
  return image;
}

}  // namespace expandnet::data
