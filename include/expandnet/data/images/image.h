// image.h: an image of bytes, and areas of an image.
#pragma once

#include <cstdint>
#include <vector>

namespace expandnet::data {

struct ImageSize {
  std::int64_t height = 0;
  std::int64_t width = 0;
};

/// An image with the channels red, green and blue.
struct Image {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> pixels;  ///< [height, width, 3]
};

/// A rectangle of whole pixels in an image.
struct Crop {
  std::int64_t top = 0;
  std::int64_t left = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

/// A rectangle in an image whose edges may be inside pixels. The first pixel
/// extends from 0 to 1.
struct Box {
  double top = 0;
  double left = 0;
  double height = 0;
  double width = 0;
};

/// A decoded crop, at the size of the file or smaller.
struct DecodedCrop {
  Image image;  ///< all pixels that the crop touches
  Box box;      ///< the crop, in pixels of `image`
};

}  // namespace expandnet::data
