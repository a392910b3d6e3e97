// box_transforms.h: images with boxes become pictures of one size.
#pragma once

#include <expandnet/data/images/color_change.h>
#include <expandnet/data/images/draw_key.h>
#include <expandnet/data/images/placement.h>
#include <expandnet/data/sets/annotated_image.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::data {

/// A picture and the objects in it, in its own pixels.
struct AnnotatedPicture {
  Image image;
  Placement placement;
  std::vector<AnnotatedObject> objects;
};

/// What the picture shows of the objects of an image: each box is cut to the
/// part of the image that is placed, which makes the object truncated, and left
/// out where less than `min_share` of its area remains.
[[nodiscard]] std::vector<AnnotatedObject> place_objects(
    const std::vector<AnnotatedObject>& objects, const Placement& placement,
    double min_share);

struct BoxDraw {
  Placement placement;
  ColorChange color;
};

/// Random scale, crop, flip and colour, as darknet has them for YOLOv2.
///
///     const auto picture =
///         BoxTrainTransform{}.read(set.images[i], {224, 224}, {seed, epoch,
///         i});
struct BoxTrainTransform {
  /// How far each edge moves in or out, evenly from 0 to this share of the
  /// side; less than 0.5. What is outside the image is grey.
  double jitter = 0.2;
  bool flip = true;         ///< mirrors with probability 1/2
  double hue = 0.1;         ///< turns at most, either way
  double saturation = 1.5;  ///< factor at most, or its inverse
  double exposure = 1.5;    ///< likewise
  double min_share = 0.25;  ///< of a box, as in `place_objects`

  /// The same for a key on every platform. Throws `c10::Error` for an empty
  /// image and for a field out of range.
  [[nodiscard]] BoxDraw draw(ImageSize image, ImageSize size,
                             const DrawKey& key) const;

  /// Throws as `draw` and `ImageFile` do, and `std::runtime_error` for an image
  /// of another size than its annotation has.
  [[nodiscard]] AnnotatedPicture read(const AnnotatedImage& image,
                                      ImageSize size, const DrawKey& key) const;
};

enum class Fit {
  kStretch,    ///< to the picture's proportions, as in training
  kLetterbox,  ///< in its own, with grey beside it
};

/// The whole image, in pixels as they are stored.
///
///     const auto picture = BoxEvalTransform{}.read(path, {224, 224});
///     to_image(picture.placement, box);  // of a detection
struct BoxEvalTransform {
  Fit fit = Fit::kStretch;

  [[nodiscard]] Placement placement(ImageSize image, ImageSize size) const;
  /// Without objects. Throws as `ImageFile` does.
  [[nodiscard]] AnnotatedPicture read(const std::string& path,
                                      ImageSize size) const;
};

/// Sides of pictures that change from batch to batch.
struct MultiScale {
  std::int64_t min_side = 160;
  std::int64_t max_side = 288;
  std::int64_t step = 32;     ///< between two sides
  std::int64_t batches = 10;  ///< in a row that have the same

  /// The side of the batch's pictures: every one is as likely. It depends on
  /// nothing else, so that all processes and a resumed run agree.
  ///
  /// Throws `c10::Error` for a field out of range.
  [[nodiscard]] std::int64_t side(std::uint64_t seed, std::int64_t epoch,
                                  std::int64_t batch) const;
};

}  // namespace expandnet::data
