// segmentation.h: the task of predicting a class for every pixel.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/tasks/task.h>

#include <cstdint>
#include <vector>

namespace expandnet::tasks {

struct SegmentationOptions {
  std::int64_t classes = 19;
  /// Pixels with this label have no loss and are not counted.
  std::int64_t ignored = 255;
  /// Weights of the classes in the cross entropy of the training loss
  /// (`median_frequency_weights`); empty: all are equal.
  std::vector<double> class_weights = {};
  /// Weight of the Dice loss; the weight of the cross entropy is 1.
  double dice = 0;
};

/// A Task of `segmentation_loss` and a SegmentationMeter. Evaluations report
/// the plain cross entropy, whatever the training loss is.
///
/// Throws `c10::Error` unless there are 1 to 4,096 classes and `class_weights`
/// is empty or has a weight for each that is not negative.
[[nodiscard]] EXPANDNET_API Task
segmentation(const SegmentationOptions& options = {});

}  // namespace expandnet::tasks
