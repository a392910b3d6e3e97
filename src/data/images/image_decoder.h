// image_decoder.h: the interface of a format's decoder for ImageFile.
#pragma once

#include <expandnet/data/images/image.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::data {

/// Name of the reader in messages.
inline constexpr const char* kImageFile = "ImageFile";

/// A file in memory.
struct EncodedImage {
  std::string path;  ///< for messages
  std::vector<std::uint8_t> bytes;
};

/// Returns all bytes of a file. Throws `std::runtime_error`, which begins with
/// `where`, if the file cannot be read or is larger than an image file may be.
[[nodiscard]] std::vector<std::uint8_t> read_image_bytes(
    const std::string& where, const std::string& path);

/// Throws `std::runtime_error` for more pixels than an image may have.
void check_image_size(const std::string& where, ImageSize size,
                      const std::string& path);

/// An image whose header has been read. Not thread-safe.
class ImageDecoder {
 public:
  ImageDecoder() = default;
  ImageDecoder(const ImageDecoder&) = delete;
  ImageDecoder& operator=(const ImageDecoder&) = delete;
  virtual ~ImageDecoder() = default;

  /// Size of the image as it is displayed.
  [[nodiscard]] virtual ImageSize size() const = 0;
  /// Implements `ImageFile::decode` for a crop that is inside the image.
  [[nodiscard]] virtual DecodedCrop decode(const Crop& crop,
                                           ImageSize target) = 0;
};

}  // namespace expandnet::data
