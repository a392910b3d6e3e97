#include <expandnet/data/resize.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/fail.h"

namespace expandnet::data {

namespace {

// By how much, in pixels, rounding may have moved a box out of its image.
constexpr double kBoxSlack = 1e-6;

/// The input pixels that make one output pixel.
struct Taps {
  std::int64_t first = 0;
  std::vector<float> weights;  // their sum is 1
};

/// For each of `count` output pixels, which divide the input from `begin` to
/// `begin + length`. There are `size` input pixels.
std::vector<Taps> triangle_taps(double begin, double length, std::int64_t count,
                                std::int64_t size) {
  const auto scale = length / static_cast<double>(count);
  const auto support = std::max(scale, 1.0);
  std::vector<Taps> taps(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < taps.size(); ++i) {
    const auto centre = begin + (static_cast<double>(i) + 0.5) * scale;
    // Pixels whose centres are less than the support away.
    const auto first =
        std::clamp<std::int64_t>(std::lround(centre - support), 0, size - 1);
    const auto end = std::clamp<std::int64_t>(std::lround(centre + support),
                                              first + 1, size);
    std::vector<double> weights;
    double sum = 0;
    for (auto pixel = first; pixel < end; ++pixel) {
      const auto distance = static_cast<double>(pixel) + 0.5 - centre;
      weights.push_back(std::max(1 - std::abs(distance) / support, 0.0));
      sum += weights.back();
    }
    taps[i].first = first;
    for (const auto weight : weights) {
      taps[i].weights.push_back(static_cast<float>(weight / sum));
    }
  }
  return taps;
}

// Sums start with it, as they are cut to an integer.
constexpr float kRounding = 0.5F;

/// `sum` is that of an average of bytes: below 256.
std::uint8_t cut_to_byte(float sum) {
  return static_cast<std::uint8_t>(static_cast<std::int32_t>(sum));
}

/// One row of pixels, from `row`, into `output`.
void average_columns(const std::uint8_t* row, const std::vector<Taps>& taps,
                     std::uint8_t* output) {
  for (const auto& tap : taps) {
    const auto* pixel = row + tap.first * 3;
    float red = kRounding;
    float green = kRounding;
    float blue = kRounding;
    for (const auto weight : tap.weights) {
      red += weight * static_cast<float>(pixel[0]);
      green += weight * static_cast<float>(pixel[1]);
      blue += weight * static_cast<float>(pixel[2]);
      pixel += 3;
    }
    *output++ = cut_to_byte(red);
    *output++ = cut_to_byte(green);
    *output++ = cut_to_byte(blue);
  }
}

/// One row of `sums.size()` bytes, from as many rows as there are weights,
/// into `output`.
void average_rows(const std::uint8_t* rows, const std::vector<float>& weights,
                  std::vector<float>& sums, std::uint8_t* output) {
  const auto count = sums.size();
  std::fill(sums.begin(), sums.end(), kRounding);
  for (const auto weight : weights) {
    for (std::size_t i = 0; i < count; ++i) {
      sums[i] += weight * static_cast<float>(rows[i]);
    }
    rows += count;
  }
  for (std::size_t i = 0; i < count; ++i) output[i] = cut_to_byte(sums[i]);
}

std::string box_text(const Box& box) {
  return std::to_string(box.height) + " x " + std::to_string(box.width) +
         " from row " + std::to_string(box.top) + " and column " +
         std::to_string(box.left);
}

void check_resize(const Image& image, const Box& box, ImageSize size) {
  const std::string where = "resize";
  const auto height = std::to_string(image.height);
  const auto width = std::to_string(image.width);
  const bool whole = image.height > 0 && image.width > 0 &&
                     image.pixels.size() == static_cast<std::size_t>(
                                                image.height * image.width * 3);
  if (!whole) {
    fail(where, "an image must have height x width x 3 bytes",
         std::to_string(image.pixels.size()) + " for " + height + " x " + width,
         "fill it");
  }
  if (size.height <= 0 || size.width <= 0) {
    fail(where, "the size must be positive",
         std::to_string(size.height) + " x " + std::to_string(size.width),
         "ask for a pixel at least");
  }
  const bool inside =
      box.top >= -kBoxSlack && box.left >= -kBoxSlack && box.height > 0 &&
      box.width > 0 &&
      box.top + box.height <= static_cast<double>(image.height) + kBoxSlack &&
      box.left + box.width <= static_cast<double>(image.width) + kBoxSlack;
  if (!inside) {
    fail(where,
         "the box must lie inside the " + height + " x " + width + " pixels",
         box_text(box), "cut it to them");
  }
}

}  // namespace

Image resize(const Image& image, const Box& box, ImageSize size, Flip flip) {
  check_resize(image, box, size);
  auto columns = triangle_taps(box.left, box.width, size.width, image.width);
  const auto rows =
      triangle_taps(box.top, box.height, size.height, image.height);
  if (flip == Flip::kHorizontal) std::reverse(columns.begin(), columns.end());

  // Of the columns' averages only those that a row needs.
  const auto first = rows.front().first;
  const auto end =
      rows.back().first + static_cast<std::int64_t>(rows.back().weights.size());
  const auto row_bytes = size.width * 3;
  std::vector<std::uint8_t> narrow(
      static_cast<std::size_t>((end - first) * row_bytes));
  for (auto y = first; y < end; ++y) {
    average_columns(image.pixels.data() + y * image.width * 3, columns,
                    narrow.data() + (y - first) * row_bytes);
  }

  Image result = {size.height, size.width, {}};
  result.pixels.resize(static_cast<std::size_t>(size.height * row_bytes));
  std::vector<float> sums(static_cast<std::size_t>(row_bytes));
  auto* output = result.pixels.data();
  for (const auto& row : rows) {
    average_rows(narrow.data() + (row.first - first) * row_bytes, row.weights,
                 sums, output);
    output += row_bytes;
  }
  return result;
}

}  // namespace expandnet::data
