// image.h: an image of bytes, and the areas of it.
#pragma once

#include <cstdint>
#include <vector>

namespace expandnet::data {

struct ImageSize {
  std::int64_t height = 0;
  std::int64_t width = 0;
};

/// An image in red, green and blue.
struct Image {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> pixels;  ///< [height, width, 3]
};

/// Whole pixels of an image.
struct Crop {
  std::int64_t top = 0;
  std::int64_t left = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

/// An area of an image whose edges may pass through pixels. The first pixel
/// reaches from 0 to 1.
struct Box {
  double top = 0;
  double left = 0;
  double height = 0;
  double width = 0;
};

/// A crop as it was decoded, at the size of the file or smaller.
struct DecodedCrop {
  Image image;  ///< the pixels that the crop covers, if only in part
  Box box;      ///< the crop, in pixels of `image`
};

}  // namespace expandnet::data
