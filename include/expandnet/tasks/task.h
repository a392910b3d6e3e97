// task.h: what a model is trained for.
//
// Classification, detection and segmentation differ in their targets, loss and
// metrics. The loop, checkpoints, logs and reports take a task as it is.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/data/loading/tensors.h>
#include <expandnet/tasks/meter.h>

#include <functional>

namespace expandnet::tasks {

struct Task {
  /// The mean loss of a batch that is trained on. `images` are for losses that
  /// ask a teacher.
  using Loss = std::function<at::Tensor(const data::Tensors& output,
                                        const at::Tensor& images,
                                        const data::Tensors& targets)>;

  Loss loss;
  /// Counts what an evaluation reports.
  MeterFactory meter;
  /// Counts on the batches that are trained on; empty: as `meter` does. A
  /// metric that takes long, such as average precision, is left out of it.
  MeterFactory training_meter;
};

}  // namespace expandnet::tasks
