// box_transforms.h: turns images with boxes into pictures of one size.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/images/color_change.h>
#include <expandnet/data/images/draw_key.h>
#include <expandnet/data/images/placement.h>
#include <expandnet/data/sets/annotated_image.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::data {

/// A picture and the objects in it, in pixels of the picture.
struct AnnotatedPicture {
  Image image;
  Placement placement;
  std::vector<AnnotatedObject> objects;
};

/// Returns the objects of an image that the picture shows. Each box is clipped
/// to the placed part of the image, which marks the object as truncated; it is
/// left out if less than `min_share` of its area remains.
[[nodiscard]] EXPANDNET_API std::vector<AnnotatedObject> place_objects(
    const std::vector<AnnotatedObject>& objects, const Placement& placement,
    double min_share);

struct BoxDraw {
  Placement placement;
  ColorChange color;
};

/// Random scale, crop, flip and colour, as darknet applies them for YOLOv2.
///
///     const auto picture = BoxTrainTransform{}.read(
///         set.images[i], {224, 224}, {seed, epoch, i});
struct EXPANDNET_API BoxTrainTransform {
  /// Each edge moves in or out by a uniformly drawn share of the side, from 0
  /// to this one, which is less than 0.5. The area outside the image is grey.
  double jitter = 0.2;
  bool flip = true;         ///< mirrors with probability 1/2
  double hue = 0.1;         ///< largest turn, in either direction
  double saturation = 1.5;  ///< largest factor, or its inverse
  double exposure = 1.5;    ///< largest factor, or its inverse
  double min_share = 0.25;  ///< of a box, see `place_objects`

  /// Draws from `key`, with the same result on every platform. Throws
  /// `c10::Error` for an empty image and for a field out of range.
  [[nodiscard]] BoxDraw draw(ImageSize image, ImageSize size,
                             const DrawKey& key) const;

  /// Throws as `draw` and `ImageFile` do, and `std::runtime_error` if the image
  /// and its annotation differ in size.
  [[nodiscard]] AnnotatedPicture read(const AnnotatedImage& image,
                                      ImageSize size, const DrawKey& key) const;
};

enum class Fit {
  kStretch,    ///< to the picture's aspect ratio, as in training
  kLetterbox,  ///< keeps the aspect ratio, with grey borders
};

/// The whole image, in pixels as they are stored.
///
///     const auto picture = BoxEvalTransform{}.read(path, {224, 224});
///     to_image(picture.placement, box);  // of a detection
struct EXPANDNET_API BoxEvalTransform {
  Fit fit = Fit::kStretch;

  [[nodiscard]] Placement placement(ImageSize image, ImageSize size) const;
  /// Returns no objects. Throws as `ImageFile` does.
  [[nodiscard]] AnnotatedPicture read(const std::string& path,
                                      ImageSize size) const;
};

/// Picture sizes that change from batch to batch.
struct EXPANDNET_API MultiScale {
  std::int64_t min_side = 160;
  std::int64_t max_side = 288;
  std::int64_t step = 32;     ///< between two sizes
  std::int64_t batches = 10;  ///< in a row with the same size

  /// Returns the side of the batch's pictures; all sizes are equally likely. It
  /// depends only on the arguments, so that all processes and a resumed run
  /// agree.
  ///
  /// Throws `c10::Error` for a field out of range.
  [[nodiscard]] std::int64_t side(std::uint64_t seed, std::int64_t epoch,
                                  std::int64_t batch) const;
};

}  // namespace expandnet::data
