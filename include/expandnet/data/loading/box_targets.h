// box_targets.h: what batches to evaluate a detector on say besides boxes.
#pragma once

#include <cstdint>

namespace expandnet::data {

/// Columns of an object as it was marked, in pixels of its image. A row whose
/// label is negative is none. The last two are 0 or 1.
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

/// Columns of an image: its place in the set, its size in pixels, and the area
/// that the picture covers, in pixels of the image. By the area a box of the
/// picture is put back into the image; beside a letterboxed image it is larger
/// than that.
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
