// mask_transforms.h: images become pictures together with their masks.
#pragma once

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

/// The labels of a picture. Each pixel has the label at its middle, which is
/// none in between: labels are no numbers to be averaged. Pixels that no image
/// covers are ignored.
///
/// Throws `c10::Error` for a placement that is not of this image.
[[nodiscard]] LabelImage place(const LabelImage& image,
                               const Placement& placement);

struct MaskDraw {
  Placement placement;
  ColorChange color;
};

/// Random scale, crop, flip and colour.
///
///     const auto picture = MaskTrainTransform{}.read(
///         image.path, image.mask, set.labels, {512, 1024}, {seed, epoch, i});
struct MaskTrainTransform {
  double min_scale = 0.5;  ///< of the image, in both directions
  double max_scale = 2;
  bool flip = true;         ///< mirrors with probability 1/2
  double hue = 0.05;        ///< turns at most, either way
  double saturation = 1.5;  ///< factor at most, or its inverse
  double exposure = 1.5;    ///< likewise

  /// Scales the image by a number between the two, evenly, and crops `size` at
  /// an even place of the result. Where that is smaller, it lies at an even
  /// place of the picture, with grey beside it. The part of the image has whole
  /// pixels, so that the scale is rounded.
  ///
  /// The same for a key on every platform. Throws `c10::Error` for an empty
  /// image or picture and for a field out of range.
  [[nodiscard]] MaskDraw draw(ImageSize image, ImageSize size,
                              const DrawKey& key) const;

  /// Throws as `draw`, `ImageFile` and `read_labels` do, and
  /// `std::runtime_error` for a mask of another size than its image.
  [[nodiscard]] LabelledPicture read(const std::string& image,
                                     const std::string& mask,
                                     const IndexLabels& labels, ImageSize size,
                                     const DrawKey& key) const;
};

/// An image at its full size, and its labels: for evaluation. Pixels are those
/// that are stored, here and in training: EXIF does not turn them. Throws as
/// `MaskTrainTransform::read` does.
[[nodiscard]] LabelledPicture read_labelled(const std::string& image,
                                            const std::string& mask,
                                            const IndexLabels& labels);

}  // namespace expandnet::data
