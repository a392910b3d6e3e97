#include "tools/scenes/scene.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/splitmix.h"
#include "data/images/counter_random.h"

namespace expandnet::examples {

namespace {

using data::CounterRandom;
using Color = std::array<std::int64_t, 3>;

/// A grey level from which a pixel belongs to the object.
constexpr std::int64_t kObjectLevel = 24;
constexpr std::int64_t kMinVisible = 24;
constexpr std::int64_t kMinSide = 20;

Color draw_color(std::int64_t least, std::int64_t most, CounterRandom& random) {
  Color color = {};
  for (auto& channel : color) channel = least + random.below(most - least + 1);
  return color;
}

/// Noise from 0 to 255 that changes within `cell` pixels, a power of two.
std::int64_t value_noise(std::uint64_t key, std::int64_t x, std::int64_t y,
                         std::int64_t cell) {
  const auto corner = [&](std::int64_t column, std::int64_t row) {
    const auto place = static_cast<std::uint64_t>(column) << 32U |
                       static_cast<std::uint64_t>(row);
    return static_cast<std::int64_t>(splitmix(key ^ splitmix(place)) >> 56U);
  };
  const auto column = x / cell, row = y / cell;
  const auto right = x % cell, down = y % cell;
  const auto top =
      corner(column, row) * (cell - right) + corner(column + 1, row) * right;
  const auto bottom = corner(column, row + 1) * (cell - right) +
                      corner(column + 1, row + 1) * right;
  return (top * (cell - down) + bottom * down) / (cell * cell);
}

/// Two colours, mixed by noise of several scales, in stripes or not.
void paint_ground(data::Image& image, CounterRandom& random) {
  const auto first = draw_color(20, 235, random);
  const auto second = draw_color(20, 235, random);
  const auto key = static_cast<std::uint64_t>(random.below(1LL << 32U));
  const bool striped = random.below(2) == 1;
  const auto slope_x = random.below(9) - 4, slope_y = random.below(9) - 4;
  auto* pixel = image.pixels.data();
  for (std::int64_t y = 0; y < image.height; ++y) {
    for (std::int64_t x = 0; x < image.width; ++x) {
      std::int64_t mix = 0;
      std::int64_t weight = 8;
      for (std::int64_t cell = 32; cell >= 4; cell /= 2, weight /= 2) {
        mix += weight *
               value_noise(key + static_cast<std::uint64_t>(cell), x, y, cell);
      }
      mix /= 15;  // the sum of weights
      if (striped) {
        const auto phase = (x * slope_x + y * slope_y + mix / 8) & 31;
        mix = phase < 16 ? mix / 2 : 128 + mix / 2;
      }
      for (std::size_t channel = 0; channel < 3; ++channel) {
        *pixel++ = static_cast<std::uint8_t>(
            (first[channel] * (255 - mix) + second[channel] * mix) / 255);
      }
    }
  }
}

/// The grey level of a picture that is scaled to `side` pixels, at a pixel:
/// between the four around it.
std::int64_t scaled_level(const std::uint8_t* picture, std::int64_t side,
                          std::int64_t x, std::int64_t y) {
  constexpr std::int64_t kOne = 256;
  const auto place = [&](std::int64_t at) {
    const auto centre = (2 * at + 1) * kObjectSide * kOne / (2 * side);
    return std::clamp<std::int64_t>(centre - kOne / 2, 0,
                                    (kObjectSide - 1) * kOne);
  };
  const auto column = place(x), row = place(y);
  const auto level = [&](std::int64_t i, std::int64_t j) -> std::int64_t {
    return picture[std::min(i, kObjectSide - 1) * kObjectSide +
                   std::min(j, kObjectSide - 1)];
  };
  const auto i = row / kOne, j = column / kOne;
  const auto down = row % kOne, right = column % kOne;
  const auto top = level(i, j) * (kOne - right) + level(i, j + 1) * right;
  const auto bottom =
      level(i + 1, j) * (kOne - right) + level(i + 1, j + 1) * right;
  return (top * (kOne - down) + bottom * down) / (kOne * kOne);
}

/// An object before it is known what of it is visible.
struct Painted {
  std::int64_t label = 0;
  std::int64_t pixels = 0;  ///< in and outside the scene
  std::int64_t inside = 0;
};

/// Paints a picture; marks its pixels in `owner` with `number`.
Painted paint_object(const std::uint8_t* picture, std::int64_t size,
                     std::uint8_t number, Scene& scene,
                     std::vector<std::uint8_t>& owner, CounterRandom& random) {
  const auto most = std::max(size * 6 / 10, kMinSide + 1);
  const auto side = kMinSide + random.below(most - kMinSide + 1);
  // A quarter may lie outside.
  const auto left = random.below(size - side / 2 + 1) - side / 4;
  const auto top = random.below(size - side / 2 + 1) - side / 4;
  const auto tint = draw_color(60, 255, random);
  Painted painted;
  for (std::int64_t y = 0; y < side; ++y) {
    for (std::int64_t x = 0; x < side; ++x) {
      const auto level = scaled_level(picture, side, x, y);
      if (level < kObjectLevel) continue;
      ++painted.pixels;
      const auto column = left + x, row = top + y;
      if (column < 0 || row < 0 || column >= size || row >= size) continue;
      ++painted.inside;
      const auto place = row * size + column;
      owner[static_cast<std::size_t>(place)] = number;
      for (std::int64_t channel = 0; channel < 3; ++channel) {
        scene.image.pixels[static_cast<std::size_t>(place * 3 + channel)] =
            static_cast<std::uint8_t>(tint[static_cast<std::size_t>(channel)] *
                                      (64 + level * 3 / 4) / 255);
      }
    }
  }
  return painted;
}

/// Where the pixels of an object are.
struct Extent {
  std::int64_t left = 1 << 20, top = 1 << 20, right = -1, bottom = -1;
  std::int64_t pixels = 0;
};

std::vector<Extent> extents_of(const std::vector<std::uint8_t>& owner,
                               std::int64_t size, std::size_t objects) {
  std::vector<Extent> extents(objects);
  for (std::int64_t y = 0; y < size; ++y) {
    for (std::int64_t x = 0; x < size; ++x) {
      const auto number = owner[static_cast<std::size_t>(y * size + x)];
      if (number == 0) continue;
      auto& extent = extents[number - 1U];
      extent.left = std::min(extent.left, x);
      extent.right = std::max(extent.right, x);
      extent.top = std::min(extent.top, y);
      extent.bottom = std::max(extent.bottom, y);
      ++extent.pixels;
    }
  }
  return extents;
}

void check_scene(const std::vector<std::int64_t>& pool,
                 const SceneOptions& options) {
  const auto check = [](const char* rule, std::int64_t value,
                        std::int64_t least, std::int64_t most) {
    if (value >= least && value <= most) return;
    throw_argument_error("compose_scene", rule, std::to_string(value));
  };
  check("size must be 32 to 4096", options.size, 32, 4096);
  check("objects must be 1 to 100", options.objects, 1, 100);
  check("there must be a picture to draw from",
        static_cast<std::int64_t>(pool.size()), 1, INT64_MAX);
}

}  // namespace

const std::vector<std::string>& scene_classes() {
  static const std::vector<std::string> classes = {
      "t-shirt", "trouser", "pullover", "dress", "coat",
      "sandal",  "shirt",   "sneaker",  "bag",   "boot"};
  return classes;
}

Scene compose_scene(const ObjectPictures& pictures,
                    const std::vector<std::int64_t>& pool, std::int64_t index,
                    const SceneOptions& options) {
  check_scene(pool, options);
  const auto size = options.size;
  const auto pixels = static_cast<std::size_t>(size * size);
  CounterRandom random({options.seed, 0, index});
  Scene scene;
  scene.image = {size, size, std::vector<std::uint8_t>(3 * pixels)};
  paint_ground(scene.image, random);

  std::vector<std::uint8_t> owner(pixels, 0);
  std::vector<Painted> painted;
  const auto count = 1 + random.below(options.objects);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto drawn = static_cast<std::size_t>(pool[static_cast<std::size_t>(
        random.below(static_cast<std::int64_t>(pool.size())))]);
    painted.push_back(paint_object(
        pictures.pixels.data() + drawn * kObjectSide * kObjectSide, size,
        static_cast<std::uint8_t>(i + 1), scene, owner, random));
    painted.back().label = pictures.labels[drawn];
  }

  const auto extents = extents_of(owner, size, painted.size());
  std::vector<std::uint8_t> class_of = {0}, place_of = {0};
  for (std::size_t i = 0; i < painted.size(); ++i) {
    const auto& extent = extents[i];
    if (extent.pixels < kMinVisible) {
      class_of.push_back(kVoid);
      place_of.push_back(kVoid);
      continue;
    }
    data::AnnotatedObject object;
    object.box = {static_cast<double>(extent.top),
                  static_cast<double>(extent.left),
                  static_cast<double>(extent.bottom - extent.top + 1),
                  static_cast<double>(extent.right - extent.left + 1)};
    object.label = painted[i].label;
    object.truncated = painted[i].inside < painted[i].pixels;
    object.difficult = 4 * extent.pixels <= painted[i].pixels;
    scene.objects.push_back(object);
    scene.occluded.push_back(extent.pixels < painted[i].inside);
    class_of.push_back(static_cast<std::uint8_t>(object.label + 1));
    place_of.push_back(static_cast<std::uint8_t>(scene.objects.size()));
  }
  for (const auto number : owner) {
    scene.class_mask.push_back(class_of[number]);
    scene.object_mask.push_back(place_of[number]);
  }
  return scene;
}

}  // namespace expandnet::examples
