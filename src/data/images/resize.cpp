#include <expandnet/data/images/resize.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "base/error.h"

namespace expandnet::data {

namespace {

// By how much, in pixels, rounding may have moved a box out of its image.
constexpr double kBoxSlack = 1e-6;

/// The input pixels that make each output pixel. All have as many, some with a
/// weight of 0: loops of one length are foreseen.
struct Taps {
  std::int64_t count = 0;           ///< for one output pixel
  std::vector<std::int64_t> first;  ///< [outputs]
  std::vector<float> weights;       ///< [outputs, count], whose sums are 1

  [[nodiscard]] const float* weights_of(std::size_t output) const {
    return weights.data() + output * static_cast<std::size_t>(count);
  }
};

/// For each of `outputs` pixels, which divide the input from `begin` to
/// `begin + length`, the last first if they are flipped. There are `size`
/// input pixels.
Taps triangle_taps(double begin, double length, std::int64_t outputs,
                   std::int64_t size, Flip flip) {
  const auto scale = length / static_cast<double>(outputs);
  const auto support = std::max(scale, 1.0);
  std::vector<double> centres;
  std::vector<std::int64_t> ends;
  Taps taps;
  for (std::int64_t i = 0; i < outputs; ++i) {
    const auto place = flip == Flip::kHorizontal ? outputs - 1 - i : i;
    const auto centre = begin + (static_cast<double>(place) + 0.5) * scale;
    // Pixels whose centres are less than the support away.
    const auto first =
        std::clamp<std::int64_t>(std::lround(centre - support), 0, size - 1);
    const auto end = std::clamp<std::int64_t>(std::lround(centre + support),
                                              first + 1, size);
    taps.count = std::max(taps.count, end - first);
    taps.first.push_back(first);
    centres.push_back(centre);
    ends.push_back(end);
  }
  taps.weights.resize(taps.first.size() * static_cast<std::size_t>(taps.count));
  for (std::size_t i = 0; i < taps.first.size(); ++i) {
    const auto weight = [&](std::int64_t pixel) {
      const auto distance = static_cast<double>(pixel) + 0.5 - centres[i];
      return std::max(1 - std::abs(distance) / support, 0.0);
    };
    const auto own = taps.first[i];
    double sum = 0;
    for (auto pixel = own; pixel < ends[i]; ++pixel) sum += weight(pixel);
    taps.first[i] = std::min(own, size - taps.count);
    auto* weights =
        taps.weights.data() + i * static_cast<std::size_t>(taps.count);
    for (auto pixel = own; pixel < ends[i]; ++pixel) {
      weights[pixel - taps.first[i]] = static_cast<float>(weight(pixel) / sum);
    }
  }
  return taps;
}

/// Calls `work(i, n)` for `n` elements from `i` on, until all are done. `n` is
/// known to the compiler, which then makes vector code of loops over an array
/// of the block's own, to which nothing else can point.
template <typename Work>
void in_blocks(std::int64_t count, const Work& work) {
  constexpr std::integral_constant<std::int64_t, 16> kBlock;
  constexpr std::integral_constant<std::int64_t, 1> kOne;
  std::int64_t i = 0;
  for (; i + kBlock <= count; i += kBlock) work(i, kBlock);
  for (; i < count; ++i) work(i, kOne);
}

// Sums start with it, as they are cut to an integer.
constexpr float kRounding = 0.5F;

/// `sum` is that of an average of bytes: below 256.
std::uint8_t cut_to_byte(float sum) {
  return static_cast<std::uint8_t>(static_cast<std::int32_t>(sum));
}

void widen(const std::uint8_t* bytes, std::int64_t count, float* floats) {
  in_blocks(count, [&](auto i, auto n) {
    std::array<float, n> block;
    std::copy_n(bytes + i, n(), block.begin());
    std::copy_n(block.begin(), n(), floats + i);
  });
}

void cut_to_bytes(const float* sums, std::int64_t count, std::uint8_t* bytes) {
  in_blocks(count, [&](auto i, auto n) {
    std::array<float, n> block;
    std::copy_n(sums + i, n(), block.begin());
    for (std::int64_t j = 0; j < n; ++j) bytes[i + j] = cut_to_byte(block[j]);
  });
}

/// A pixel, and the first channel of the next one, which has no part in it:
/// registers hold four.
using Float4 = float __attribute__((vector_size(16)));

/// Averages of the columns of one image, row by row.
class ColumnAverages {
 public:
  ColumnAverages(std::int64_t width, const Taps& taps)
      : taps_(taps),
        row_(static_cast<std::size_t>(width * 3 + 1)),
        sums_(taps.first.size() * 3 + 1) {}

  /// One row of pixels, from `row`, into `output`.
  void average(const std::uint8_t* row, std::uint8_t* output) {
    widen(row, static_cast<std::int64_t>(row_.size()) - 1, row_.data());
    for (std::size_t i = 0; i < taps_.first.size(); ++i) {
      const auto* weights = taps_.weights_of(i);
      const auto* pixel = row_.data() + taps_.first[i] * 3;
      Float4 sum = {kRounding, kRounding, kRounding, kRounding};
      for (std::int64_t k = 0; k < taps_.count; ++k, pixel += 3) {
        Float4 channels;
        std::memcpy(&channels, pixel, sizeof(channels));
        sum += weights[k] * channels;
      }
      std::memcpy(sums_.data() + i * 3, &sum, sizeof(sum));
    }
    cut_to_bytes(sums_.data(), static_cast<std::int64_t>(sums_.size()) - 1,
                 output);
  }

 private:
  const Taps& taps_;
  std::vector<float> row_;
  std::vector<float> sums_;
};

/// One row of `count` bytes, from as many rows as there are weights, into
/// `output`.
void average_rows(const std::uint8_t* rows, std::int64_t count,
                  const float* weights, std::int64_t taps,
                  std::uint8_t* output) {
  in_blocks(count, [&](auto i, auto n) {
    std::array<float, n> sums;
    sums.fill(kRounding);
    const auto* row = rows + i;
    for (std::int64_t k = 0; k < taps; ++k, row += count) {
      for (std::int64_t j = 0; j < n; ++j) {
        sums[j] += weights[k] * static_cast<float>(row[j]);
      }
    }
    for (std::int64_t j = 0; j < n; ++j) output[i + j] = cut_to_byte(sums[j]);
  });
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
    throw_argument_error(
        where, "an image must have height x width x 3 bytes",
        std::to_string(image.pixels.size()) + " for " + height + " x " + width,
        "fill it");
  }
  if (size.height <= 0 || size.width <= 0) {
    throw_argument_error(
        where, "the size must be positive",
        std::to_string(size.height) + " x " + std::to_string(size.width),
        "ask for a pixel at least");
  }
  const bool inside =
      box.top >= -kBoxSlack && box.left >= -kBoxSlack && box.height > 0 &&
      box.width > 0 &&
      box.top + box.height <= static_cast<double>(image.height) + kBoxSlack &&
      box.left + box.width <= static_cast<double>(image.width) + kBoxSlack;
  if (!inside) {
    throw_argument_error(
        where,
        "the box must lie inside the " + height + " x " + width + " pixels",
        box_text(box), "cut it to them");
  }
}

}  // namespace

Image resize(const Image& image, const Box& box, ImageSize size, Flip flip) {
  check_resize(image, box, size);
  const auto columns =
      triangle_taps(box.left, box.width, size.width, image.width, flip);
  const auto rows = triangle_taps(box.top, box.height, size.height,
                                  image.height, Flip::kNone);

  // Of the columns' averages only those that a row needs.
  const auto first = rows.first.front();
  const auto end = rows.first.back() + rows.count;
  const auto row_bytes = size.width * 3;
  std::vector<std::uint8_t> narrow(
      static_cast<std::size_t>((end - first) * row_bytes));
  ColumnAverages averages(image.width, columns);
  for (auto y = first; y < end; ++y) {
    averages.average(image.pixels.data() + y * image.width * 3,
                     narrow.data() + (y - first) * row_bytes);
  }

  Image result = {size.height, size.width, {}};
  result.pixels.resize(static_cast<std::size_t>(size.height * row_bytes));
  auto* output = result.pixels.data();
  for (std::size_t y = 0; y < rows.first.size(); ++y) {
    average_rows(narrow.data() + (rows.first[y] - first) * row_bytes, row_bytes,
                 rows.weights_of(y), rows.count, output);
    output += row_bytes;
  }
  return result;
}

}  // namespace expandnet::data
