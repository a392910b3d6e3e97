#include <expandnet/data/images/resize.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "data/images/image_files.h"
#include "data/sets/files.h"
#include "testing.h"

namespace expandnet::data {
namespace {

Image noise(std::int64_t height, std::int64_t width) {
  std::mt19937 generator(0);
  Image image = {height, width, {}};
  for (std::int64_t i = 0; i < height * width * 3; ++i) {
    image.pixels.push_back(static_cast<std::uint8_t>(generator()));
  }
  return image;
}

/// How much the input pixel has to do with the output pixel.
double weight(std::int64_t input, std::int64_t output, double begin,
              double scale) {
  const auto centre = begin + (static_cast<double>(output) + 0.5) * scale;
  const auto distance = static_cast<double>(input) + 0.5 - centre;
  return std::max(0.0, 1 - std::abs(distance) / std::max(scale, 1.0));
}

/// Each output pixel is the weighted mean of all pixels, in double precision.
Image reference(const Image& image, const Box& box, ImageSize size) {
  const auto row_scale = box.height / static_cast<double>(size.height);
  const auto column_scale = box.width / static_cast<double>(size.width);
  Image result = {size.height, size.width, {}};
  for (std::int64_t y = 0; y < size.height; ++y) {
    for (std::int64_t x = 0; x < size.width; ++x) {
      for (std::int64_t c = 0; c < 3; ++c) {
        double sum = 0;
        double weights = 0;
        for (std::int64_t row = 0; row < image.height; ++row) {
          const auto row_weight = weight(row, y, box.top, row_scale);
          if (row_weight == 0) continue;
          for (std::int64_t column = 0; column < image.width; ++column) {
            const auto w =
                row_weight * weight(column, x, box.left, column_scale);
            const auto at = (row * image.width + column) * 3 + c;
            sum += w * image.pixels[static_cast<std::size_t>(at)];
            weights += w;
          }
        }
        result.pixels.push_back(
            static_cast<std::uint8_t>(std::lround(sum / weights)));
      }
    }
  }
  return result;
}

struct ResizeCase {
  Box box;
  ImageSize size;
};

std::vector<ResizeCase> cases() {
  return {{{0, 0, 37, 53}, {20, 20}},       {{0, 0, 37, 53}, {5, 7}},
          {{0, 0, 37, 53}, {1, 1}},         {{0, 0, 37, 53}, {60, 90}},
          {{3.25, 4.5, 20, 30}, {16, 16}},  {{30, 1, 7, 52}, {21, 13}},
          {{36.5, 52.5, 0.5, 0.5}, {4, 3}}, {{0.1, 0.2, 36.9, 52.8}, {37, 53}}};
}

TEST(Resize, AveragesLikeTheScalarReference) {
  const auto image = noise(37, 53);
  for (const auto& [box, size] : cases()) {
    const auto [largest, mean] =
        difference(resize(image, box, size), reference(image, box, size));

    // Rounding between columns and rows moves some pixels to the next level.
    EXPECT_LE(largest, 1) << size.height << " x " << size.width;
    EXPECT_LE(mean, 0.35) << size.height << " x " << size.width;
  }
}

TEST(Resize, FlipsInTheSamePass) {
  const auto image = noise(37, 53);
  for (const auto& [box, size] : cases()) {
    const auto plain = resize(image, box, size);
    const auto flipped = resize(image, box, size, Flip::kHorizontal);
    for (std::int64_t i = 0; i < size.height * size.width; ++i) {
      const auto y = i / size.width;
      const auto x = size.width - 1 - i % size.width;
      for (std::int64_t c = 0; c < 3; ++c) {
        ASSERT_EQ(flipped.pixels[static_cast<std::size_t>(i * 3 + c)],
                  plain.pixels[static_cast<std::size_t>(
                      (y * size.width + x) * 3 + c)]);
      }
    }
  }
}

TEST(Resize, CutsAtFullSize) {
  const auto image = noise(37, 53);

  EXPECT_EQ(resize(image, {0, 0, 37, 53}, {37, 53}).pixels, image.pixels);
  EXPECT_EQ(resize(image, {4, 5, 20, 30}, {20, 30}).pixels,
            cut(image, {4, 5, 20, 30}).pixels);
}

TEST(Resize, LeavesOneColourAsItIs) {
  for (const int level : {0, 1, 127, 254, 255}) {
    const Image image = {
        37, 53,
        std::vector<std::uint8_t>(std::size_t{37} * 53 * 3,
                                  static_cast<std::uint8_t>(level))};
    for (const auto& [box, size] : cases()) {
      for (const auto value : resize(image, box, size).pixels) {
        ASSERT_EQ(value, level);
      }
    }
  }
}

TEST(ResizeErrors, NameImageSizeAndBox) {
  const auto error = [](const Image& image, const Box& box, ImageSize size) {
    return expandnet::testing::error_of(
        [&] { static_cast<void>(resize(image, box, size)); });
  };
  auto image = noise(4, 5);
  EXPECT_EQ(error(image, {0, 0, 4, 5}, {0, 7}),
            "resize: the size must be positive, got 0 x 7; ask for a pixel at "
            "least");
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  for (const auto& box : std::vector<Box>{{-1, 0, 4, 5},
                                          {0, 0, 4.1, 5},
                                          {0, 1, 4, 5},
                                          {0, 0, 0, 5},
                                          {0, 0, 4, nan}}) {
    EXPECT_EQ(error(image, box, {7, 7}),
              "resize: the box must lie inside the 4 x 5 pixels, got " +
                  std::to_string(box.height) + " x " +
                  std::to_string(box.width) + " from row " +
                  std::to_string(box.top) + " and column " +
                  std::to_string(box.left) + "; cut it to them");
  }
  image.pixels.pop_back();
  EXPECT_EQ(error(image, {0, 0, 4, 5}, {7, 7}),
            "resize: an image must have height x width x 3 bytes, got 59 for "
            "4 x 5; fill it");
}

}  // namespace
}  // namespace expandnet::data
