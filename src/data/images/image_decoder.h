// image_decoder.h: what ImageFile asks of a format.
#pragma once

#include <expandnet/data/images/image.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::data {

/// Who reads images, for messages.
inline constexpr const char* kImageFile = "ImageFile";

/// A file that is in memory.
struct EncodedImage {
  std::string path;  ///< for messages
  std::vector<std::uint8_t> bytes;
};

/// An image whose header has been read. One thread at a time.
class ImageDecoder {
 public:
  ImageDecoder() = default;
  ImageDecoder(const ImageDecoder&) = delete;
  ImageDecoder& operator=(const ImageDecoder&) = delete;
  virtual ~ImageDecoder() = default;

  /// As the image is to be shown.
  [[nodiscard]] virtual ImageSize size() const = 0;
  /// As `ImageFile::decode` says, of a crop that lies inside the image.
  [[nodiscard]] virtual DecodedCrop decode(const Crop& crop,
                                           ImageSize target) = 0;
};

}  // namespace expandnet::data
