// suppress.h: keeps the best of several boxes on the same object.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/tasks/detection/boxes.h>

#include <cstdint>
#include <vector>

namespace expandnet::tasks {

/// Boxes in an image, each with a score for every class.
struct ScoredBoxes {
  std::vector<Box> boxes;
  std::int64_t classes = 0;
  std::vector<float> scores;  ///< [boxes, classes]
};

struct SuppressOptions {
  double threshold = 0.005;  ///< drops boxes with lower scores
  double overlap = 0.45;     ///< largest IoU of two kept boxes of one class
};

/// Non-maximum suppression, separately for each class: from the highest score
/// down, a box is kept unless its IoU with a kept box exceeds `overlap`. Of
/// equal scores, the earlier box is first. The result is sorted by class, then
/// by score.
///
/// Throws `c10::Error` unless `scores` has boxes x classes entries.
[[nodiscard]] EXPANDNET_API std::vector<Detection> suppress(
    const ScoredBoxes& boxes, const SuppressOptions& options = {});

}  // namespace expandnet::tasks
