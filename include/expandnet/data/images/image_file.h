// image_file.h: reads JPEG and PNG, no more of it than a crop needs.
#pragma once

#include <expandnet/data/images/image.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::data {

/// The most that an `ImageFile` may have: bytes in the file (1 GiB), pixels
/// along a side and pixels in all.
inline constexpr std::int64_t kImageMaxFileBytes = std::int64_t{1} << 30;
inline constexpr std::int64_t kImageMaxSide = std::int64_t{1} << 16;
inline constexpr std::int64_t kImageMaxPixels = std::int64_t{1} << 28;

/// A crop as it was decoded, at the size of the file or smaller.
struct DecodedCrop {
  Image image;  ///< the pixels that the crop covers, if only in part
  Box box;      ///< the crop, in pixels of `image`
};

/// A JPEG or PNG file in memory; its first bytes, not its name, tell which.
///
/// The image is seen as it is to be shown: turned and mirrored as the EXIF
/// orientation of a JPEG says (PIL leaves that to `ImageOps.exif_transpose`).
/// Grey and CMYK become red, green and blue; transparency is dropped.
///
///     const ImageFile file("n01440764_10026.JPEG");
///     const auto [height, width] = file.size();
///     const auto [image, box] = file.decode({0, 0, height, width}, {224,
///     224});
class ImageFile {
 public:
  /// Reads the file, but decodes its header only.
  ///
  /// Throws `std::runtime_error` when the file cannot be read, is of another
  /// kind, is cut short or damaged, or exceeds one of the limits above.
  explicit ImageFile(const std::string& path);
  /// Takes a file that is in memory already. Messages call it `path`.
  ImageFile(std::string path, std::vector<std::uint8_t> bytes);

  [[nodiscard]] ImageSize size() const { return size_; }

  /// Decodes `crop`. A JPEG is decoded at the smallest of 1/8, 2/8, 4/8 and 1
  /// times its size at which the crop still has the height and width of
  /// `target`: at its full size if it has fewer. Full size is exact; a smaller
  /// one is a good approximation for less work. A PNG has its full size.
  ///
  /// Throws `std::runtime_error` when the crop is empty or not inside the
  /// image, and when data that it needs are damaged: of a JPEG, what stands
  /// below the crop is not looked at.
  [[nodiscard]] DecodedCrop decode(const Crop& crop, ImageSize target) const;

 private:
  enum class Format { kJpeg, kPng };

  std::string path_;
  std::vector<std::uint8_t> bytes_;
  Format format_ = Format::kJpeg;
  ImageSize size_;
  int orientation_ = 1;  ///< of EXIF, 1 to 8
};

}  // namespace expandnet::data
