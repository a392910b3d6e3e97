#include <ATen/ops/tensor.h>
#include <c10/util/Exception.h>
#include <expandnet/tasks/segmentation/segmentation.h>
#include <expandnet/tasks/segmentation/segmentation_loss.h>
#include <expandnet/tasks/segmentation/segmentation_meter.h>

#include <memory>
#include <string>

#include "base/error.h"

namespace expandnet::tasks {

Task segmentation(const SegmentationOptions& options) {
  const auto& weights = options.class_weights;
  TORCH_CHECK(weights.empty() ||
                  static_cast<std::int64_t>(weights.size()) == options.classes,
              error_message("segmentation",
                            c10::str("there must be ", options.classes,
                                     " class weights, or none"),
                            std::to_string(weights.size())));
  for (const auto weight : weights) {
    TORCH_CHECK(weight >= 0, error_message("segmentation",
                                           "class weights must not be negative",
                                           std::to_string(weight)));
  }
  const auto meter = [classes = options.classes,
                      ignored = options.ignored](c10::Device device) {
    return std::make_unique<SegmentationMeter>(classes, device, ignored);
  };
  static_cast<void>(meter(c10::kCPU));  // refuses a wrong number of classes
  Task task;
  SegmentationLossOptions loss = {options.ignored, {}, options.dice};
  if (!weights.empty()) loss.class_weights = at::tensor(weights, at::kFloat);
  task.loss = [loss](const data::Tensors& output, const at::Tensor&,
                     const data::Tensors& labels) mutable {
    const auto& logits = output.one();
    if (loss.class_weights.defined()) {  // to a device only once
      loss.class_weights = loss.class_weights.to(logits.device());
    }
    return segmentation_loss(logits, labels, loss);
  };
  task.meter = meter;
  return task;
}

}  // namespace expandnet::tasks
