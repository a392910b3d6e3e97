#include <ATen/core/Reduction.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <expandnet/tasks/classification/classification.h>
#include <expandnet/tasks/classification/classification_meter.h>

#include <memory>

namespace expandnet::tasks {

Task classification(double label_smoothing) {
  Task task;
  task.loss = [label_smoothing](const data::Tensors& logits, const at::Tensor&,
                                const data::Tensors& labels) {
    return at::cross_entropy_loss(logits, labels, /*weight=*/{},
                                  at::Reduction::Mean, /*ignore_index=*/-100,
                                  label_smoothing);
  };
  task.meter = [](c10::Device device) {
    return std::make_unique<ClassificationMeter>(device);
  };
  return task;
}

}  // namespace expandnet::tasks
