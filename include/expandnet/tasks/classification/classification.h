// classification.h: the task of predicting one label per image.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/tasks/task.h>

namespace expandnet::tasks {

/// A Task of the cross entropy of logits [n, classes] with labels int64 [n],
/// and a ClassificationMeter. `label_smoothing` is the share of each label that
/// is spread evenly over all classes; evaluations report the loss without it.
[[nodiscard]] EXPANDNET_API Task classification(double label_smoothing = 0);

}  // namespace expandnet::tasks
