// segmentation.h: a class for every pixel.
#pragma once

#include <expandnet/tasks/task.h>

#include <cstdint>
#include <vector>

namespace expandnet::tasks {

struct SegmentationOptions {
  std::int64_t classes = 19;
  /// Pixels of this label have no loss and are not counted.
  std::int64_t ignored = 255;
  /// Of each class in the cross entropy that is trained with
  /// (`median_frequency_weights`); empty: all alike.
  std::vector<double> class_weights = {};
  /// Weight of the Dice loss; the cross entropy has 1.
  double dice = 0;
};

/// `segmentation_loss` and a SegmentationMeter. Evaluations report the plain
/// cross entropy, whatever the loss that is trained with.
///
/// Throws `c10::Error` unless there are 1 to 4,096 classes and, if any, a
/// weight for each that is not negative.
[[nodiscard]] Task segmentation(const SegmentationOptions& options = {});

}  // namespace expandnet::tasks
