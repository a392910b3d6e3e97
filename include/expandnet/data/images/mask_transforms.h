// mask_transforms.h: transforms images together with their masks.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/images/color_change.h>
#include <expandnet/data/images/draw_key.h>
#include <expandnet/data/images/label_image.h>
#include <expandnet/data/images/placement.h>

#include <string>

namespace expandnet::data {

/// A picture and the class of each of its pixels.
struct LabelledPicture {
  Image image;
  LabelImage labels;
};

/// Returns the labels of a picture. Each pixel gets the label at its middle:
/// labels are not interpolated. Pixels outside the image get kIgnoredLabel.
///
/// Throws `c10::Error` for a placement that does not fit the image.
[[nodiscard]] EXPANDNET_API LabelImage place(const LabelImage& image,
                                             const Placement& placement);

/// Images are not scaled by more than this number.
inline constexpr double kMaxMaskScale = 100;

struct MaskDraw {
  Placement placement;
  ColorChange color;
};

/// Random scale, crop, flip and colour.
///
///     const auto picture = MaskTrainTransform{}.read(
///         image.path, image.mask, set.labels, {512, 1024}, {seed, epoch, i});
struct EXPANDNET_API MaskTrainTransform {
  double min_scale = 0.5;   ///< smallest scale, in both directions
  double max_scale = 2;     ///< at most kMaxMaskScale
  bool flip = true;         ///< mirrors with probability 1/2
  double hue = 0.05;        ///< largest turn, in either direction
  double saturation = 1.5;  ///< largest factor, or its inverse
  double exposure = 1.5;    ///< largest factor, or its inverse

  /// Scales the image by a uniformly drawn number between the two scales, and
  /// crops `size` at a uniformly drawn position. If the scaled image is
  /// smaller, it gets a uniformly drawn position in the picture, with grey
  /// around it. The part of the image that is shown consists of whole pixels,
  /// which rounds the scale.
  ///
  /// The result for a key is the same on every platform. Throws `c10::Error`
  /// for an empty image or picture and for a field out of range.
  [[nodiscard]] MaskDraw draw(ImageSize image, ImageSize size,
                              const DrawKey& key) const;

  /// Throws as `draw`, `ImageFile` and `read_labels` do, and
  /// `std::runtime_error` if image and mask differ in size.
  [[nodiscard]] LabelledPicture read(const std::string& image,
                                     const std::string& mask,
                                     const IndexLabels& labels, ImageSize size,
                                     const DrawKey& key) const;
};

/// Reads an image at its full size, and its labels, for evaluation. Here and in
/// training, pixels stay as they are stored: EXIF orientation is ignored.
/// Throws as `MaskTrainTransform::read` does.
[[nodiscard]] EXPANDNET_API LabelledPicture
read_labelled(const std::string& image, const std::string& mask,
              const IndexLabels& labels);

}  // namespace expandnet::data
