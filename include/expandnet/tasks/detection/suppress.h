// suppress.h: of boxes that mark the same object, the best is kept.
#pragma once

#include <expandnet/tasks/detection/boxes.h>

#include <cstdint>
#include <vector>

namespace expandnet::tasks {

/// Boxes of an image, each with a score for every class.
struct ScoredBoxes {
  std::vector<Box> boxes;
  std::int64_t classes = 0;
  std::vector<float> scores;  ///< [boxes, classes]
};

struct SuppressOptions {
  double threshold = 0.005;  ///< lower scores are left out
  double overlap = 0.45;     ///< the highest IoU of two boxes of one class
};

/// Non-maximum suppression, class by class: from the highest score down, a box
/// is kept unless its IoU with one that was kept exceeds `overlap`. Of equal
/// scores the first box comes first. What is kept stands in this order, too:
/// by class, then score.
///
/// Throws `c10::Error` unless there are boxes x classes scores.
[[nodiscard]] std::vector<Detection> suppress(
    const ScoredBoxes& boxes, const SuppressOptions& options = {});

}  // namespace expandnet::tasks
