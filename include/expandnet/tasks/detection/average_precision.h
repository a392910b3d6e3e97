// average_precision.h: the average precision of a detector for each class.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/tasks/detection/detection_matches.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace expandnet::tasks {

/// The recalls at which the precision is averaged. The precision at a recall is
/// the highest precision at that recall or above.
enum class Interpolation {
  kElevenPoints,         ///< VOC2007: at recall 0, 0.1 ... 1
  kArea,                 ///< VOC2010 and later: over all recalls
  kHundredAndOnePoints,  ///< COCO: at recall 0, 0.01 ... 1
};

struct AveragePrecision {
  /// Mean over classes and thresholds. NaN if the targets have no objects.
  double mean = 0;
  /// Mean over classes, for each entry of `iou_thresholds`.
  std::vector<double> of_threshold;
  /// Mean over thresholds. Absent for a class without objects in the targets,
  /// which is left out of all means.
  std::vector<std::optional<double>> of_class;
};

[[nodiscard]] EXPANDNET_API AveragePrecision
average_precision(const DetectionMatches& matches, Interpolation interpolation);

/// The precision-recall curve of a class: one point per detection that counts,
/// from the highest score down.
struct PrecisionRecall {
  std::vector<double> scores;
  std::vector<double> precision;  ///< hits so far / detections so far
  std::vector<double> recall;     ///< hits so far / objects
};

/// Returns the curve at entry `threshold` of `iou_thresholds`; empty for a
/// class without objects in the targets. Throws `c10::Error` if label or
/// threshold is out of range.
[[nodiscard]] EXPANDNET_API PrecisionRecall
precision_recall(const DetectionMatches& matches, std::int64_t label,
                 std::size_t threshold = 0);

}  // namespace expandnet::tasks
