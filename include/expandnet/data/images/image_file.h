// image_file.h: reads JPEG and PNG, no more of it than a crop needs.
#pragma once

#include <expandnet/data/images/image.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace expandnet::data {

/// The most that an `ImageFile` may have: bytes in the file (1 GiB), pixels
/// along a side and pixels in all.
inline constexpr std::int64_t kImageMaxFileBytes = std::int64_t{1} << 30;
inline constexpr std::int64_t kImageMaxSide = std::int64_t{1} << 16;
inline constexpr std::int64_t kImageMaxPixels = std::int64_t{1} << 28;

/// What becomes of the EXIF orientation of a JPEG.
enum class ExifOrientation {
  kApplied,  ///< the image is turned and mirrored as it is to be shown
  kIgnored,  ///< pixels stay as they are stored: annotations count in these
};

/// A JPEG or PNG file in memory; its first bytes, not its name, tell which.
///
/// The image is seen as it is to be shown, unless EXIF is ignored: turned and
/// mirrored as the orientation of a JPEG says (PIL leaves that to
/// `ImageOps.exif_transpose`).
/// Grey and CMYK become red, green and blue; transparency is dropped.
///
/// One thread at a time: the decoder keeps its state from the header on.
///
///     const ImageFile file("n01440764_10026.JPEG");
///     const auto [height, width] = file.size();
///     const Crop whole = {0, 0, height, width};
///     const auto [image, box] = file.decode(whole, {224, 224});
class ImageFile {
 public:
  /// Reads the file, but decodes its header only.
  ///
  /// Throws `std::runtime_error` when the file cannot be read, is of another
  /// kind, is cut short or damaged, or exceeds one of the limits above.
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
  /// times its size at which the crop still has the height and width of
  /// `target`: at its full size if it has fewer. Full size is exact; a smaller
  /// one is a good approximation for less work. A PNG has its full size.
  ///
  /// Throws `c10::Error` when the crop is empty or not inside the image, and
  /// `std::runtime_error` when data that it needs are damaged: of a JPEG, what
  /// stands below the crop is not looked at.
  [[nodiscard]] DecodedCrop decode(const Crop& crop, ImageSize target) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace expandnet::data
