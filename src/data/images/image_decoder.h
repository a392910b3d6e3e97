// image_decoder.h: the interface of a format's decoder for ImageFile.
#pragma once

#include <expandnet/data/images/image.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
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
/// `where`, if the file cannot be read, is larger than an image file may be, or
/// is a pipe or a device, which may have no end.
[[nodiscard]] std::vector<std::uint8_t> read_image_bytes(
    const std::string& where, const std::string& path);

/// How much is read of a file at first where only its size is asked for.
inline constexpr std::size_t kImageHead = std::size_t{1} << 16U;
/// Returns the first `kImageHead` bytes of a file, or fewer: all. Throws as
/// `read_image_bytes` does.
[[nodiscard]] std::vector<std::uint8_t> read_image_head(
    const std::string& where, const std::string& path);

/// Returns what `size_in` finds in the head of a file; in all its bytes where
/// it throws `std::runtime_error` for the head.
template <typename SizeIn>
[[nodiscard]] ImageSize size_by_head(const std::string& where,
                                     const std::string& path,
                                     const SizeIn& size_in) {
  EncodedImage image = {path, read_image_head(where, path)};
  if (image.bytes.size() == kImageHead) {
    try {
      return size_in(image);
    } catch (const std::runtime_error&) {
      image.bytes = read_image_bytes(where, path);
    }
  }
  return size_in(image);
}

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
