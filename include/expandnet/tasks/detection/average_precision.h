// average_precision.h: how well a detector does, in one number a class.
#pragma once

#include <expandnet/tasks/detection/detection_matches.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace expandnet::tasks {

/// What of the precision-recall curve is averaged. Precision is the highest at
/// that recall or above.
enum class Interpolation {
  kElevenPoints,         ///< VOC2007: at recall 0, 0.1 ... 1
  kArea,                 ///< VOC2010 and later: over all recalls
  kHundredAndOnePoints,  ///< COCO: at recall 0, 0.01 ... 1
};

struct AveragePrecision {
  /// Over classes and thresholds. Not a number where nothing is meant.
  double mean = 0;
  /// Over classes, for each of `iou_thresholds`.
  std::vector<double> of_threshold;
  /// Over thresholds; absent where nothing of the class is meant, which leaves
  /// it out of all means.
  std::vector<std::optional<double>> of_class;
};

[[nodiscard]] AveragePrecision average_precision(
    const DetectionMatches& matches, Interpolation interpolation);

/// A point for each detection of a class that counts, from the highest score
/// down.
struct PrecisionRecall {
  std::vector<double> scores;
  std::vector<double> precision;  ///< hits over detections so far
  std::vector<double> recall;     ///< hits so far over what is meant
};

/// The curve at threshold number `threshold` of `iou_thresholds`; empty where
/// nothing of the class is meant. Throws `c10::Error` for a label that is no
/// class and a threshold that is none.
[[nodiscard]] PrecisionRecall precision_recall(const DetectionMatches& matches,
                                               std::int64_t label,
                                               std::size_t threshold = 0);

}  // namespace expandnet::tasks
