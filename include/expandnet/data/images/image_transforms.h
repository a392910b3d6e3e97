// image_transforms.h: turns files into images of one size, as for ImageNet.
#pragma once

#include <expandnet/base/export.h>
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
/// 1/2, as torchvision's `RandomResizedCrop` and `RandomHorizontalFlip` do.
///
///     const auto image = TrainTransform{}.read(path, {seed, epoch, index});
struct EXPANDNET_API TrainTransform {
  std::int64_t size = 224;  ///< side of the result in pixels
  double min_area = 0.08;   ///< of a crop, as a share of the image, 0 to 1
  RandAugment augment = {/*changes=*/0};  ///< applied to the crop

  /// Draws the area uniformly from `min_area` to 1, and the aspect ratio (width
  /// / height) log-uniformly from 3/4 to 4/3. If ten draws do not fit into the
  /// image, uses the largest centred area with such a ratio. The result is the
  /// same on every platform.
  ///
  /// Throws `c10::Error` for an empty image or a field out of range.
  [[nodiscard]] RandomCrop draw(ImageSize image, const DrawKey& key) const;

  /// Reads the image and returns its augmented crop, [size, size, 3]. A crop
  /// with at least twice that size is decoded at a fraction of its own size.
  ///
  /// Throws as `draw` and `ImageFile` do.
  [[nodiscard]] Image read(const std::string& path, const DrawKey& key) const;
};

/// The centre of the image, as torchvision's `Resize` and `CenterCrop` return
/// it, with the same rounding, but in one step and from the file's full size.
///
///     const auto image = EvalTransform{}.read(path);
struct EXPANDNET_API EvalTransform {
  std::int64_t resize = 256;  ///< the short side is scaled to this
  std::int64_t size = 224;    ///< side of the result, at most `resize`

  /// Returns the area of the result in an image of this size.
  ///
  /// Throws `c10::Error` for an empty image or a field out of range.
  [[nodiscard]] Box box(ImageSize image) const;

  /// Reads the image and returns its centre, [size, size, 3].
  ///
  /// Throws as `box` and `ImageFile` do.
  [[nodiscard]] Image read(const std::string& path) const;
};

}  // namespace expandnet::data
