// image_file.h: reads only as much of a JPEG or PNG as a crop needs.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/images/image.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace expandnet::data {

/// Limits of an `ImageFile`: bytes in the file (1 GiB), pixels along a side,
/// and pixels in all.
inline constexpr std::int64_t kImageMaxFileBytes = std::int64_t{1} << 30;
inline constexpr std::int64_t kImageMaxSide = std::int64_t{1} << 16;
inline constexpr std::int64_t kImageMaxPixels = std::int64_t{1} << 28;

/// How to handle the EXIF orientation of a JPEG.
enum class ExifOrientation {
  kApplied,  ///< the image is turned and mirrored as it is to be shown
  kIgnored,  ///< pixels stay as they are stored: annotations count in these
};

/// A JPEG or PNG file in memory. The first bytes determine the format, not the
/// name.
///
/// Unless EXIF is ignored, a JPEG is turned and mirrored as its orientation
/// says (in PIL, `ImageOps.exif_transpose` does this). Grey and CMYK are
/// converted to red, green and blue; transparency is dropped.
///
/// Not thread-safe: the decoder keeps its state after reading the header.
///
///     const ImageFile file("n01440764_10026.JPEG");
///     const auto [height, width] = file.size();
///     const Crop whole = {0, 0, height, width};
///     const auto [image, box] = file.decode(whole, {224, 224});
class EXPANDNET_API ImageFile {
 public:
  /// Reads the file, but decodes only its header.
  ///
  /// Throws `std::runtime_error` if the file cannot be read, has another
  /// format, is truncated or damaged, is a pipe or a device, or exceeds one of
  /// the limits above.
  explicit ImageFile(const std::string& path,
                     ExifOrientation exif = ExifOrientation::kApplied);
  /// Takes a file that is in memory already. Messages call it `path`.
  ImageFile(std::string path, std::vector<std::uint8_t> bytes,
            ExifOrientation exif = ExifOrientation::kApplied);
  ImageFile(ImageFile&& other) noexcept;
  ImageFile& operator=(ImageFile&& other) noexcept;
  ~ImageFile();

  [[nodiscard]] ImageSize size() const;

  /// Decodes `crop`. A JPEG is decoded at the smallest of 1/8, 2/8, 4/8 and 1
  /// times its size at which the crop has at least the height and width of
  /// `target`; at full size if none has. Full size is exact; a smaller size is
  /// a good approximation for less work. A PNG is always decoded at full size.
  ///
  /// Throws `c10::Error` if the crop is empty or not inside the image, and
  /// `std::runtime_error` if data that it needs are damaged; in a JPEG, data
  /// below the crop are not read.
  [[nodiscard]] DecodedCrop decode(const Crop& crop, ImageSize target) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Returns the size of an image. Reads only the header of a PNG, but the whole
/// file of a JPEG, which must be complete. Throws as the constructor of
/// `ImageFile` does.
[[nodiscard]] EXPANDNET_API ImageSize read_image_size(
    const std::string& path, ExifOrientation exif = ExifOrientation::kApplied);

}  // namespace expandnet::data
