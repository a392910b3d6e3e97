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

/// All bytes of a file. Throws `std::runtime_error` where it cannot be read or
/// is larger than images may be; `where` begins that message.
[[nodiscard]] std::vector<std::uint8_t> read_image_bytes(
    const std::string& where, const std::string& path);

/// Throws `std::runtime_error` for more pixels than images may have.
void check_image_size(const std::string& where, ImageSize size,
                      const std::string& path);

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
