// rand_augment.h: random changes of training images (Cubuk et al., 2020).
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/images/draw_key.h>
#include <expandnet/data/images/image.h>

#include <cstdint>

namespace expandnet::data {

/// Changes that can be applied to an image. Shearing, translating and rotating
/// copy the nearest pixel; pixels from outside the image are black.
enum class ImageChange {
  kIdentity,
  kShearX,        ///< by a number of columns per row
  kShearY,        ///< by a number of rows per column
  kTranslateX,    ///< to the right, by whole columns
  kTranslateY,    ///< down, by whole rows
  kRotate,        ///< counter-clockwise about the middle, in degrees
  kBrightness,    ///< 1 + amount times as bright
  kColor,         ///< distance from grey times 1 + amount
  kContrast,      ///< distance from the mean grey times 1 + amount
  kSharpness,     ///< distance from the blurred image times 1 + amount
  kPosterize,     ///< to this number of bits
  kSolarize,      ///< values not below the amount are inverted
  kAutoContrast,  ///< each channel stretched to 0 to 255
  kEqualize,      ///< each channel's histogram equalized
};
inline constexpr int kImageChanges = 14;

/// Changes the pixels, [height, width, 3], in place.
EXPANDNET_API void change_image(std::uint8_t* pixels, ImageSize size,
                                ImageChange change, double amount);

/// Applies several changes in turn, each drawn uniformly from all:
/// torchvision's `RandAugment` with its 31 magnitudes and its ranges. The drawn
/// changes are the same on every platform.
///
///     RandAugment{2, 9}.apply(image.pixels.data(), {224, 224}, key);
struct EXPANDNET_API RandAugment {
  std::int64_t changes = 2;    ///< number of changes per image; 0: none
  std::int64_t magnitude = 9;  ///< strength, 0 to 30

  /// Returns the amount of a change at this magnitude. If amounts have a sign,
  /// `apply` draws it.
  [[nodiscard]] double amount_of(ImageChange change, ImageSize size) const;

  /// Changes the pixels, [height, width, 3], in place. Throws `c10::Error` for
  /// a field out of range.
  void apply(std::uint8_t* pixels, ImageSize size, const DrawKey& key) const;
};

}  // namespace expandnet::data
