#include "data/images/png_file.h"

#include <png.h>

#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::data {

namespace {

constexpr std::int64_t kPngChannels = 4;

/// libpng's state, which goes whichever way it is left. It reads an image once.
class PngReader {
 public:
  /// Reads the header.
  explicit PngReader(const EncodedImage& image) : path_(image.path) {
    info_.version = PNG_IMAGE_VERSION;
    png_image_begin_read_from_memory(&info_, image.bytes.data(),
                                     image.bytes.size());
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
    throw_file_error(kImageFile, "the PNG data must decode",
                     in_quotes(path_) + ": " + info_.message,
                     "fetch the file again");
  }

  const std::string& path_;
  png_image info_ = {};
};

class PngDecoder : public ImageDecoder {
 public:
  explicit PngDecoder(const EncodedImage& image)
      : image_(image),
        reader_(std::make_unique<PngReader>(image)),
        size_(reader_->size()) {}

  [[nodiscard]] ImageSize size() const override { return size_; }

  [[nodiscard]] DecodedCrop decode(const Crop& crop,
                                   ImageSize /*target*/) override {
    if (reader_ == nullptr) reader_ = std::make_unique<PngReader>(image_);
    const auto source = std::exchange(reader_, nullptr)->read();
    Image image = {crop.height, crop.width, {}};
    image.pixels.reserve(
        static_cast<std::size_t>(crop.height * crop.width * 3));
    for (std::int64_t y = 0; y < crop.height; ++y) {
      const auto* pixel =
          source.data() +
          ((crop.top + y) * size_.width + crop.left) * kPngChannels;
      for (std::int64_t x = 0; x < crop.width; ++x, pixel += kPngChannels) {
        image.pixels.insert(image.pixels.end(), pixel, pixel + 3);
      }
    }
    return {std::move(image),
            {0, 0, static_cast<double>(crop.height),
             static_cast<double>(crop.width)}};
  }

 private:
  const EncodedImage& image_;
  std::unique_ptr<PngReader> reader_;  ///< null once it has been used
  ImageSize size_;
};

}  // namespace

std::unique_ptr<ImageDecoder> open_png(const EncodedImage& image) {
  return std::make_unique<PngDecoder>(image);
}

}  // namespace expandnet::data
