// task.h: the loss and the metrics that a model is trained with.
//
// Classification, detection and segmentation differ in their targets, loss and
// metrics. The loop, checkpoints, logs and reports work with any Task.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/data/loading/tensors.h>
#include <expandnet/tasks/meter.h>

#include <functional>

namespace expandnet::tasks {

struct Task {
  /// Computes the mean training loss of a batch. `images` is for losses that
  /// run a teacher.
  using Loss = std::function<at::Tensor(const data::Tensors& output,
                                        const at::Tensor& images,
                                        const data::Tensors& targets)>;

  Loss loss;
  /// Makes the meter of evaluations.
  MeterFactory meter;
  /// Makes the meter of training batches; empty: uses `meter`. It can leave out
  /// metrics that are slow to compute, such as average precision.
  MeterFactory training_meter;
};

}  // namespace expandnet::tasks
