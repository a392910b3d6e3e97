// classification.h: one label an image.
#pragma once

#include <expandnet/tasks/task.h>

namespace expandnet::tasks {

/// Cross entropy of logits [n, classes] with labels int64 [n], and a
/// ClassificationMeter. `label_smoothing` is the share of a label that all
/// classes get alike; evaluations report the loss without it.
[[nodiscard]] Task classification(double label_smoothing = 0);

}  // namespace expandnet::tasks
