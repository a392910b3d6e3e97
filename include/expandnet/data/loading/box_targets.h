// box_targets.h: the targets of detection in addition to boxes, for evaluation.
#pragma once

#include <cstdint>

namespace expandnet::data {

/// Columns of an object in the targets, in pixels of its image. Rows with a
/// negative label are padding. The last two columns are 0 or 1.
enum MeantColumn : std::int64_t {
  kMeantLeft,
  kMeantTop,
  kMeantWidth,
  kMeantHeight,
  kMeantLabel,
  kMeantDifficult,
  kMeantCrowd,
  kMeantColumns,
};

/// Columns of an image: its index in the set, its size in pixels, and the area
/// that the picture covers, in pixels of the image. This area converts a box
/// from the picture to the image; for a letterboxed picture it is larger than
/// the image.
enum ImageColumn : std::int64_t {
  kImagePlace,
  kImageHeight,
  kImageWidth,
  kPictureLeft,
  kPictureTop,
  kPictureWidth,
  kPictureHeight,
  kImageColumns,
};

}  // namespace expandnet::data
