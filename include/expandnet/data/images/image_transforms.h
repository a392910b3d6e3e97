// image_transforms.h: files become images of one size, as for ImageNet.
#pragma once

#include <expandnet/data/images/draw_key.h>
#include <expandnet/data/images/image.h>
#include <expandnet/data/images/rand_augment.h>
#include <expandnet/data/images/resize.h>

#include <cstdint>
#include <string>

namespace expandnet::data {

struct RandomCrop {
  Crop crop;
  Flip flip = Flip::kNone;
};

/// A random area of the image, scaled to a square and flipped with probability
/// 1/2: torchvision's `RandomResizedCrop` and `RandomHorizontalFlip`.
///
///     const auto image = TrainTransform{}.read(path, {seed, epoch, index});
struct TrainTransform {
  std::int64_t size = 224;  ///< of a side of the result
  double min_area = 0.08;   ///< of a crop, as a share of the image; 0 to 1
  RandAugment augment = {/*changes=*/0};  ///< of the crop

  /// Draws the area from `min_area` to 1 and, alike for wide and high, its
  /// width over height from 3/4 to 4/3. After ten that do not fit, the largest
  /// in the middle that has these proportions. The same on every platform.
  ///
  /// Throws `c10::Error` for an empty image or a field out of range.
  [[nodiscard]] RandomCrop draw(ImageSize image, const DrawKey& key) const;

  /// Reads the image and returns its crop, [size, size, 3], augmented. A crop
  /// with twice the size or more is decoded at a fraction of its own.
  ///
  /// Throws as `draw` and `ImageFile` do.
  [[nodiscard]] Image read(const std::string& path, const DrawKey& key) const;
};

/// The centre of the image: torchvision's `Resize` and `CenterCrop`, with its
/// rounding, in one step and at the file's full size.
///
///     const auto image = EvalTransform{}.read(path);
struct EvalTransform {
  std::int64_t resize = 256;  ///< what the short side is scaled to
  std::int64_t size = 224;    ///< of a side of the result, at most `resize`

  /// Where the result lies in an image of that size.
  ///
  /// Throws `c10::Error` for an empty image or a field out of range.
  [[nodiscard]] Box box(ImageSize image) const;

  /// Reads the image and returns its centre, [size, size, 3].
  ///
  /// Throws as `box` and `ImageFile` do.
  [[nodiscard]] Image read(const std::string& path) const;
};

}  // namespace expandnet::data
