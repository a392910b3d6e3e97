// rand_augment.h: random changes to training images (Cubuk et al., 2020).
#pragma once

#include <expandnet/data/images/draw_key.h>
#include <expandnet/data/images/image.h>

#include <cstdint>

namespace expandnet::data {

/// What may be done to an image. New pixels are black, and pixels keep their
/// values where an image is sheared, moved or turned: the nearest is taken.
enum class ImageChange {
  kIdentity,
  kShearX,        ///< by a number of columns per row
  kShearY,        ///< by a number of rows per column
  kTranslateX,    ///< to the right, by whole columns
  kTranslateY,    ///< down, by whole rows
  kRotate,        ///< counter-clockwise about the middle, in degrees
  kBrightness,    ///< 1 + amount times as bright
  kColor,         ///< 1 + amount times as far from grey
  kContrast,      ///< 1 + amount times as far from the mean grey
  kSharpness,     ///< 1 + amount times as far from the blurred image
  kPosterize,     ///< to this number of bits
  kSolarize,      ///< what is not below the amount is inverted
  kAutoContrast,  ///< each channel from 0 to 255
  kEqualize,      ///< each channel's histogram
};
inline constexpr int kImageChanges = 14;

/// Changes the pixels, [height, width, 3], in place.
void change_image(std::uint8_t* pixels, ImageSize size, ImageChange change,
                  double amount);

/// Some changes, one after another, each drawn uniformly from all:
/// torchvision's `RandAugment` with its 31 magnitudes and its ranges. What is
/// drawn is the same on every platform.
///
///     RandAugment{2, 9}.apply(image.pixels.data(), {224, 224}, key);
struct RandAugment {
  std::int64_t changes = 2;    ///< of each image; 0: none
  std::int64_t magnitude = 9;  ///< how strong they are, 0 to 30

  /// The amount of a change at this magnitude; where it has a sign, that is
  /// drawn.
  [[nodiscard]] double amount_of(ImageChange change, ImageSize size) const;

  /// Changes the pixels, [height, width, 3], in place. Throws `c10::Error` for
  /// a field out of range.
  void apply(std::uint8_t* pixels, ImageSize size, const DrawKey& key) const;
};

}  // namespace expandnet::data
