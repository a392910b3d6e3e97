// image_files.h: images, and the files that the tests make of them.
#pragma once

#include <expandnet/data/images/image.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::data {

/// Gradients and waves, other ones for another seed.
Image wavy_image(std::int64_t height, std::int64_t width, int seed = 0);

struct JpegOptions {
  bool progressive = false;
  int horizontal_sampling = 2;  ///< of brightness, for one sample of colour
  int vertical_sampling = 2;
  std::string app1;         ///< what the segment holds; "": there is none
  bool many_scans = false;  ///< progressive in 568 scans
};

std::string jpeg_file(const Image& image, const JpegOptions& options = {});

/// One channel, [height, width].
std::string grey_jpeg_file(const std::vector<std::uint8_t>& pixels,
                           ImageSize size);

enum class Ink { kAdobeCmyk, kAdobeYcck, kPlainCmyk };

/// Four channels, [height, width, 4], stored as they are.
std::string cmyk_jpeg_file(const std::vector<std::uint8_t>& pixels,
                           ImageSize size, Ink ink);

/// All channels of the image, by nothing but plain calls of libjpeg.
std::vector<std::uint8_t> plain_decode(const std::string& jpeg);

/// An APP1 segment of EXIF that states the orientation, in 2 or 4 bytes, and a
/// width before it.
std::string exif(int orientation, bool little_endian, unsigned bytes = 2);

/// Part of an image.
Image cut(const Image& image, const Crop& crop);

struct Difference {
  int largest = 256;  ///< of two bytes
  double mean = 256;
};

/// Between images of one size; of other images it stays as it is.
Difference difference(const Image& a, const Image& b);

}  // namespace expandnet::data
