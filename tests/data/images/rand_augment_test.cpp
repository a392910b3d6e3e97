// Each change against a few lines that compute one pixel of it.
#include <expandnet/data/images/rand_augment.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <set>
#include <vector>

#include "testing.h"

namespace expandnet::data {
namespace {

constexpr ImageSize kSize = {7, 9};

/// An image by pixel and channel.
struct Picture {
  explicit Picture(unsigned seed, int low = 0, int high = 255)
      : pixels(static_cast<std::size_t>(kSize.height * kSize.width * 3)) {
    std::mt19937 random(seed);
    for (auto& value : pixels) {
      value = static_cast<std::uint8_t>(
          low +
          static_cast<int>(random() % static_cast<unsigned>(high - low + 1)));
    }
  }
  [[nodiscard]] int at(std::int64_t y, std::int64_t x, std::int64_t c) const {
    if (y < 0 || x < 0 || y >= kSize.height || x >= kSize.width) return 0;
    return pixels[static_cast<std::size_t>((y * kSize.width + x) * 3 + c)];
  }
  [[nodiscard]] Picture changed(ImageChange change, double amount) const {
    auto copy = *this;
    change_image(copy.pixels.data(), kSize, change, amount);
    return copy;
  }
  std::vector<std::uint8_t> pixels;
};

using Expected =
    std::function<double(std::int64_t y, std::int64_t x, std::int64_t c)>;

/// `slack` is of pixels whose value is cut off at a whole number.
void expect_pixels(const Picture& picture, const Expected& expected,
                   double slack = 0) {
  for (std::int64_t y = 0; y < kSize.height; ++y) {
    for (std::int64_t x = 0; x < kSize.width; ++x) {
      for (std::int64_t c = 0; c < 3; ++c) {
        EXPECT_NEAR(picture.at(y, x, c), expected(y, x, c), slack)
            << y << " " << x << " " << c;
      }
    }
  }
}

int grey_at(const Picture& picture, std::int64_t y, std::int64_t x) {
  return static_cast<int>(0.2989 * picture.at(y, x, 0) +
                          0.587 * picture.at(y, x, 1) +
                          0.114 * picture.at(y, x, 2));
}

/// a times one value and 1 - a times the other, as a byte.
double mixed(double a, double value, double other) {
  return std::floor(std::clamp(a * value + (1 - a) * other, 0.0, 255.0));
}

TEST(ImageChanges, MovePixels) {
  const Picture image(1);
  const auto at = [&](std::int64_t y, std::int64_t x, std::int64_t c) {
    return static_cast<double>(image.at(y, x, c));
  };
  expect_pixels(image.changed(ImageChange::kTranslateX, 2.7),
                [&](auto y, auto x, auto c) { return at(y, x - 2, c); });
  expect_pixels(image.changed(ImageChange::kTranslateY, -1.2),
                [&](auto y, auto x, auto c) { return at(y + 1, x, c); });
  const auto moved = [](std::int64_t by, double amount) {
    return static_cast<std::int64_t>(
        std::floor(0.5 + amount * (static_cast<double>(by) + 0.5)));
  };
  expect_pixels(
      image.changed(ImageChange::kShearX, 0.3),
      [&](auto y, auto x, auto c) { return at(y, x + moved(y, 0.3), c); });
  expect_pixels(
      image.changed(ImageChange::kShearY, -0.21),
      [&](auto y, auto x, auto c) { return at(y + moved(x, -0.21), x, c); });
}

TEST(ImageChanges, TurnCounterClockwise) {
  const Picture image(2);
  EXPECT_EQ(image.changed(ImageChange::kRotate, 0).pixels, image.pixels);
  expect_pixels(image.changed(ImageChange::kRotate, 180),
                [&](auto y, auto x, auto c) {
                  return image.at(kSize.height - 1 - y, kSize.width - 1 - x, c);
                });
  // By a quarter, what is below the middle comes to its right.
  const auto turned = image.changed(ImageChange::kRotate, 90);
  EXPECT_EQ(turned.at(3, 4 + 2, 0), image.at(3 + 2, 4, 0));
  EXPECT_EQ(turned.at(3 - 2, 4, 1), image.at(3, 4 + 2, 1));
}

TEST(ImageChanges, ChangeLightAndColor) {
  const Picture image(3);
  // Sums that come out whole may be cut off one below.
  constexpr double kSlack = 1;
  for (const double amount : {-0.9, -0.27, 0.27, 0.9}) {
    const auto a = 1 + amount;
    expect_pixels(
        image.changed(ImageChange::kBrightness, amount),
        [&](auto y, auto x, auto c) { return mixed(a, image.at(y, x, c), 0); },
        kSlack);
    expect_pixels(
        image.changed(ImageChange::kColor, amount),
        [&](auto y, auto x, auto c) {
          return mixed(a, image.at(y, x, c), grey_at(image, y, x));
        },
        kSlack);
    double mean = 0;
    for (std::int64_t y = 0; y < kSize.height; ++y) {
      for (std::int64_t x = 0; x < kSize.width; ++x) {
        mean += grey_at(image, y, x) / 63.0;
      }
    }
    expect_pixels(
        image.changed(ImageChange::kContrast, amount),
        [&](auto y, auto x, auto c) {
          return mixed(a, image.at(y, x, c), mean);
        },
        kSlack);
  }
}

TEST(ImageChanges, SharpenWhatIsNotAtTheBorder) {
  const Picture image(4);
  const auto blurred = [&](std::int64_t y, std::int64_t x, std::int64_t c) {
    double sum = 0;
    for (int row = -1; row <= 1; ++row) {
      for (int column = -1; column <= 1; ++column) {
        const auto weight = row == 0 && column == 0 ? 5 : 1;
        sum += weight * image.at(y + row, x + column, c) / 13.0;
      }
    }
    return std::round(sum);
  };
  expect_pixels(
      image.changed(ImageChange::kSharpness, 0.5),
      [&](auto y, auto x, auto c) -> double {
        if (y == 0 || x == 0 || y == kSize.height - 1 || x == kSize.width - 1) {
          return image.at(y, x, c);
        }
        return mixed(1.5, image.at(y, x, c), blurred(y, x, c));
      },
      1);
}

TEST(ImageChanges, MapValues) {
  const Picture image(5, 40, 200);
  expect_pixels(
      image.changed(ImageChange::kPosterize, 3),
      [&](auto y, auto x, auto c) { return image.at(y, x, c) / 32 * 32; });
  EXPECT_EQ(image.changed(ImageChange::kPosterize, 8).pixels, image.pixels);
  expect_pixels(image.changed(ImageChange::kSolarize, 127.5),
                [&](auto y, auto x, auto c) {
                  const auto value = image.at(y, x, c);
                  return value < 127.5 ? value : 255 - value;
                });
  EXPECT_EQ(image.changed(ImageChange::kIdentity, 0).pixels, image.pixels);
}

TEST(ImageChanges, StretchEachChannel) {
  const Picture image(6, 60, 180);
  int low[3] = {255, 255, 255}, high[3] = {0, 0, 0};
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    low[i % 3] = std::min<int>(low[i % 3], image.pixels[i]);
    high[i % 3] = std::max<int>(high[i % 3], image.pixels[i]);
  }
  expect_pixels(image.changed(ImageChange::kAutoContrast, 0),
                [&](auto y, auto x, auto c) {
                  return (image.at(y, x, c) - low[c]) * 255 /
                         (high[c] - low[c]);
                });
  const Picture flat(7, 90, 90);
  EXPECT_EQ(flat.changed(ImageChange::kAutoContrast, 0).pixels, flat.pixels);
  EXPECT_EQ(flat.changed(ImageChange::kEqualize, 0).pixels, flat.pixels);
}

TEST(ImageChanges, EqualizeLargeImages) {
  // 256 pixels of each of 64 values below 64: afterwards they are spread.
  const ImageSize size = {128, 128};
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < 128 * 128 * 3; ++i) {
    pixels.push_back(static_cast<std::uint8_t>(i / 3 % 64));
  }
  change_image(pixels.data(), size, ImageChange::kEqualize, 0);
  // step = (16384 - 256) / 255 = 63; value v becomes (256 v + 31) / 63.
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const auto v = static_cast<int>(i / 3 % 64);
    EXPECT_EQ(pixels[i], v == 0 ? 0 : std::min(255, (256 * v + 31) / 63));
  }
}

TEST(RandAugment, HasTorchvisionsMagnitudes) {
  const ImageSize size = {224, 331};
  const RandAugment nine{2, 9}, most{2, 30}, none{2, 0};
  EXPECT_DOUBLE_EQ(nine.amount_of(ImageChange::kShearX, size), 0.09);
  EXPECT_DOUBLE_EQ(most.amount_of(ImageChange::kShearY, size), 0.3);
  EXPECT_DOUBLE_EQ(nine.amount_of(ImageChange::kTranslateX, size), 45);
  EXPECT_DOUBLE_EQ(most.amount_of(ImageChange::kTranslateY, size),
                   150.0 / 331 * 224);
  EXPECT_DOUBLE_EQ(nine.amount_of(ImageChange::kRotate, size), 9);
  EXPECT_DOUBLE_EQ(nine.amount_of(ImageChange::kSharpness, size), 0.27);
  EXPECT_EQ(nine.amount_of(ImageChange::kPosterize, size), 7);
  EXPECT_EQ(most.amount_of(ImageChange::kPosterize, size), 4);
  EXPECT_DOUBLE_EQ(nine.amount_of(ImageChange::kSolarize, size), 178.5);
  EXPECT_EQ(none.amount_of(ImageChange::kSolarize, size), 255);
}

TEST(RandAugment, DrawsByItsKeyOnly) {
  const Picture image(8);
  const auto augmented = [&](const RandAugment& augment, const DrawKey& key) {
    auto copy = image.pixels;
    augment.apply(copy.data(), kSize, key);
    return copy;
  };
  EXPECT_EQ(augmented({2, 9}, {1, 2, 3}), augmented({2, 9}, {1, 2, 3}));
  EXPECT_EQ(augmented({0, 9}, {1, 2, 3}), image.pixels);
  std::set<std::vector<std::uint8_t>> different;
  for (std::int64_t index = 0; index < 50; ++index) {
    different.insert(augmented({2, 15}, {1, 2, index}));
  }
  EXPECT_GT(different.size(), 35U);
}

TEST(RandAugment, TakesEachChangeAsOften) {
  // Of single changes, by what they are: each is one of those that exist.
  const Picture image(9, 20, 220);
  const RandAugment augment{1, 12};
  std::vector<std::vector<std::uint8_t>> possible;
  for (int i = 0; i < kImageChanges; ++i) {
    const auto change = static_cast<ImageChange>(i);
    const auto amount = augment.amount_of(change, kSize);
    possible.push_back(image.changed(change, amount).pixels);
    if (change == ImageChange::kPosterize) continue;  // a number of bits
    possible.push_back(image.changed(change, -amount).pixels);
  }
  std::int64_t unchanged = 0;
  constexpr int kDraws = 2800;
  for (int index = 0; index < kDraws; ++index) {
    auto copy = image.pixels;
    augment.apply(copy.data(), kSize, {0, 0, index});
    EXPECT_NE(std::find(possible.begin(), possible.end(), copy),
              possible.end());
    unchanged += copy == image.pixels ? 1 : 0;
  }
  // The identity, and equalization of so few pixels: 2 of 14, six deviations.
  EXPECT_NEAR(static_cast<double>(unchanged), kDraws / 7.0,
              6 * std::sqrt(kDraws * 6.0 / 49));
}

TEST(RandAugmentErrors, NameTheValue) {
  using expandnet::testing::error_of;
  std::vector<std::uint8_t> pixels(3);
  EXPECT_EQ(error_of([&] {
              RandAugment{-1, 9}.apply(pixels.data(), {1, 1}, {});
            }),
            "RandAugment: changes must not be negative, got -1; 2 is usual");
  EXPECT_EQ(error_of([&] {
              RandAugment{2, 31}.apply(pixels.data(), {1, 1}, {});
            }),
            "RandAugment: magnitude must be 0 to 30, got 31; 9 is usual");
}

}  // namespace
}  // namespace expandnet::data
