#include <expandnet/data/images/rand_augment.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/images/counter_random.h"

namespace expandnet::data {

namespace {

constexpr std::int64_t kChannels = 3;
constexpr std::int64_t kMostMagnitude = 30;
constexpr double kRadiansPerDegree = 0.017453292519943295;
/// Keeps the draws apart from those of crops, which have the same keys.
constexpr std::uint64_t kSeedOffset = 0x52616E6441756775U;

std::int64_t count_of(ImageSize size) {
  return size.height * size.width * kChannels;
}

/// Cuts off the fraction, as a cast of a tensor does.
std::uint8_t to_byte(double value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0));
}

double grey_of(const std::uint8_t* pixel) {
  return std::floor(0.2989 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2]);
}

/// `share` of the image and the rest of another, which `other` gives by pixel
/// and channel.
template <typename Other>
void blend(std::uint8_t* pixels, ImageSize size, double share, Other other) {
  for (std::int64_t i = 0; i < size.height * size.width; ++i) {
    auto* pixel = pixels + i * kChannels;
    const auto values = other(pixel, i);
    for (std::int64_t c = 0; c < kChannels; ++c) {
      pixel[c] = to_byte(share * pixel[c] +
                         (1 - share) * values[static_cast<std::size_t>(c)]);
    }
  }
}

using Color = std::array<double, kChannels>;

/// Each pixel from where `source` says: a point in the image, whose pixel
/// (x, y) reaches from there to (x + 1, y + 1).
template <typename Source>
void move_pixels(std::uint8_t* pixels, ImageSize size, Source source) {
  const std::vector<std::uint8_t> before(pixels, pixels + count_of(size));
  for (std::int64_t y = 0; y < size.height; ++y) {
    for (std::int64_t x = 0; x < size.width; ++x) {
      const auto [from_x, from_y] =
          source(static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5);
      const auto column = static_cast<std::int64_t>(std::floor(from_x));
      const auto row = static_cast<std::int64_t>(std::floor(from_y));
      const bool is_inside =
          column >= 0 && column < size.width && row >= 0 && row < size.height;
      for (std::int64_t c = 0; c < kChannels; ++c) {
        pixels[(y * size.width + x) * kChannels + c] =
            is_inside ? before[static_cast<std::size_t>(
                            (row * size.width + column) * kChannels + c)]
                      : std::uint8_t{0};
      }
    }
  }
}

using Point = std::array<double, 2>;

void rotate(std::uint8_t* pixels, ImageSize size, double degrees) {
  const auto cosine = std::cos(degrees * kRadiansPerDegree);
  const auto sine = std::sin(degrees * kRadiansPerDegree);
  const auto middle_x = static_cast<double>(size.width) / 2;
  const auto middle_y = static_cast<double>(size.height) / 2;
  move_pixels(pixels, size, [=](double x, double y) {
    const auto right = x - middle_x, down = y - middle_y;
    return Point{middle_x + cosine * right - sine * down,
                 middle_y + sine * right + cosine * down};
  });
}

double mean_grey(const std::uint8_t* pixels, ImageSize size) {
  double sum = 0;
  for (std::int64_t i = 0; i < size.height * size.width; ++i) {
    sum += grey_of(pixels + i * kChannels);
  }
  return sum / static_cast<double>(size.height * size.width);
}

/// By a kernel of ones with 5 in the middle; the border stays.
void sharpen(std::uint8_t* pixels, ImageSize size, double share) {
  const std::vector<std::uint8_t> before(pixels, pixels + count_of(size));
  const auto at = [&](std::int64_t y, std::int64_t x, std::int64_t c) {
    return static_cast<double>(
        before[static_cast<std::size_t>((y * size.width + x) * kChannels + c)]);
  };
  blend(pixels, size, share, [&](const std::uint8_t* pixel, std::int64_t i) {
    const auto y = i / size.width, x = i % size.width;
    Color blurred{};
    const bool is_border =
        y == 0 || x == 0 || y + 1 == size.height || x + 1 == size.width;
    for (std::int64_t c = 0; c < kChannels; ++c) {
      auto& value = blurred[static_cast<std::size_t>(c)];
      if (is_border) {
        value = pixel[c];
        continue;
      }
      double sum = 4 * at(y, x, c);
      for (std::int64_t row = y - 1; row <= y + 1; ++row) {
        for (std::int64_t column = x - 1; column <= x + 1; ++column) {
          sum += at(row, column, c);
        }
      }
      value = std::nearbyint(sum / 13);
    }
    return blurred;
  });
}

/// Each channel by a table of its own, made from its histogram.
template <typename MakeTable>
void map_channels(std::uint8_t* pixels, ImageSize size, MakeTable make_table) {
  for (std::int64_t c = 0; c < kChannels; ++c) {
    std::array<std::int64_t, 256> histogram{};
    for (auto i = c; i < count_of(size); i += kChannels) {
      ++histogram[pixels[i]];
    }
    const std::array<std::uint8_t, 256> table = make_table(histogram);
    for (auto i = c; i < count_of(size); i += kChannels) {
      pixels[i] = table[pixels[i]];
    }
  }
}

using Histogram = std::array<std::int64_t, 256>;
using Table = std::array<std::uint8_t, 256>;

Table identity_table() {
  Table table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    table[i] = static_cast<std::uint8_t>(i);
  }
  return table;
}

Table auto_contrast_table(const Histogram& histogram) {
  auto table = identity_table();
  std::size_t low = 0, high = 255;
  while (low < 255 && histogram[low] == 0) ++low;
  while (high > 0 && histogram[high] == 0) --high;
  if (low >= high) return table;
  const auto scale = 255.0 / static_cast<double>(high - low);
  for (std::size_t i = low; i <= high; ++i) {
    // Exact products of this kind lie on whole numbers, which a sum of rounded
    // ones may miss from below.
    table[i] = to_byte(static_cast<double>(i - low) * scale + 1e-9);
  }
  return table;
}

Table equalize_table(const Histogram& histogram) {
  auto table = identity_table();
  std::int64_t total = 0, last = 0;
  for (const auto count : histogram) {
    total += count;
    if (count > 0) last = count;
  }
  const auto step = (total - last) / 255;
  if (step == 0) return table;
  std::int64_t below = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    // The first entry of torchvision's table is 0 as it is shifted.
    const auto value = i == 0 ? 0 : (below + step / 2) / step;
    table[i] = static_cast<std::uint8_t>(std::min<std::int64_t>(value, 255));
    below += histogram[i];
  }
  return table;
}

/// Whether the amount goes both ways.
bool has_sign(ImageChange change) {
  switch (change) {
    case ImageChange::kIdentity:
    case ImageChange::kPosterize:
    case ImageChange::kSolarize:
    case ImageChange::kAutoContrast:
    case ImageChange::kEqualize:
      return false;
    default:
      return true;
  }
}

}  // namespace

void change_image(std::uint8_t* pixels, ImageSize size, ImageChange change,
                  double amount) {
  switch (change) {
    case ImageChange::kIdentity:
      return;
    case ImageChange::kShearX:
      return move_pixels(pixels, size, [=](double x, double y) {
        return Point{x + amount * y, y};
      });
    case ImageChange::kShearY:
      return move_pixels(pixels, size, [=](double x, double y) {
        return Point{x, y + amount * x};
      });
    case ImageChange::kTranslateX:
      return move_pixels(pixels, size, [=](double x, double y) {
        return Point{x - std::trunc(amount), y};
      });
    case ImageChange::kTranslateY:
      return move_pixels(pixels, size, [=](double x, double y) {
        return Point{x, y - std::trunc(amount)};
      });
    case ImageChange::kRotate:
      return rotate(pixels, size, amount);
    case ImageChange::kBrightness:
      return blend(pixels, size, 1 + amount,
                   [](const std::uint8_t*, std::int64_t) { return Color{}; });
    case ImageChange::kColor:
      return blend(pixels, size, 1 + amount,
                   [](const std::uint8_t* pixel, std::int64_t) {
                     const auto grey = grey_of(pixel);
                     return Color{grey, grey, grey};
                   });
    case ImageChange::kContrast: {
      const auto grey = mean_grey(pixels, size);
      return blend(pixels, size, 1 + amount,
                   [grey](const std::uint8_t*, std::int64_t) {
                     return Color{grey, grey, grey};
                   });
    }
    case ImageChange::kSharpness:
      return sharpen(pixels, size, 1 + amount);
    case ImageChange::kPosterize: {
      const auto bits = static_cast<unsigned>(amount);
      const auto mask = static_cast<std::uint8_t>(0xFFU << (8 - bits));
      std::for_each(pixels, pixels + count_of(size),
                    [mask](auto& value) { value &= mask; });
      return;
    }
    case ImageChange::kSolarize:
      std::for_each(pixels, pixels + count_of(size), [amount](auto& value) {
        if (value >= amount) value = static_cast<std::uint8_t>(255 - value);
      });
      return;
    case ImageChange::kAutoContrast:
      return map_channels(pixels, size, auto_contrast_table);
    case ImageChange::kEqualize:
      return map_channels(pixels, size, equalize_table);
  }
}

double RandAugment::amount_of(ImageChange change, ImageSize size) const {
  const auto share =
      static_cast<double>(magnitude) / static_cast<double>(kMostMagnitude);
  switch (change) {
    case ImageChange::kShearX:
    case ImageChange::kShearY:
      return 0.3 * share;
    case ImageChange::kTranslateX:
      return 150.0 / 331 * static_cast<double>(size.width) * share;
    case ImageChange::kTranslateY:
      return 150.0 / 331 * static_cast<double>(size.height) * share;
    case ImageChange::kRotate:
      return 30 * share;
    case ImageChange::kBrightness:
    case ImageChange::kColor:
    case ImageChange::kContrast:
    case ImageChange::kSharpness:
      return 0.9 * share;
    case ImageChange::kPosterize:
      return 8 - std::nearbyint(4 * share);
    case ImageChange::kSolarize:
      return 255 * (1 - share);
    case ImageChange::kIdentity:
    case ImageChange::kAutoContrast:
    case ImageChange::kEqualize:
      return 0;
  }
  return 0;
}

void RandAugment::apply(std::uint8_t* pixels, ImageSize size,
                        const DrawKey& key) const {
  if (changes < 0) {
    throw_argument_error("RandAugment", "changes must not be negative",
                         std::to_string(changes), "2 is usual");
  }
  if (magnitude < 0 || magnitude > kMostMagnitude) {
    throw_argument_error(
        "RandAugment",
        "magnitude must be 0 to " + std::to_string(kMostMagnitude),
        std::to_string(magnitude), "9 is usual");
  }
  CounterRandom random({key.seed + kSeedOffset, key.epoch, key.index});
  for (std::int64_t i = 0; i < changes; ++i) {
    const auto change = static_cast<ImageChange>(random.below(kImageChanges));
    const bool is_negative = random.below(2) == 1;
    const auto amount = amount_of(change, size);
    change_image(pixels, size, change,
                 has_sign(change) && is_negative ? -amount : amount);
  }
}

}  // namespace expandnet::data
