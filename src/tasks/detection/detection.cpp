#include <ATen/TensorOperators.h>
#include <c10/util/Exception.h>
#include <expandnet/tasks/detection/detection.h>
#include <expandnet/tasks/detection/detection_meter.h>
#include <expandnet/tasks/detection/region_loss_meter.h>

#include <memory>

#include "base/error.h"
#include "tasks/detection/anchor_tensor.h"

namespace expandnet::tasks {

Task detection(const DetectionOptions& options, c10::Device device) {
  TORCH_CHECK(options.classes > 0,
              error_message("detection", "there must be a class",
                            std::to_string(options.classes)));
  TORCH_CHECK(!options.anchors.empty(),
              error_message("detection", "there must be an anchor", "none",
                            "give those of yolo_lite_anchors or fit_anchors"));
  // What is on the device stays there: a captured step copies nothing.
  const RegionLossOf loss_of =
      [weights = options.loss, prior = options.prior,
       anchors = anchor_tensor(options.anchors, device)](
          const data::Tensors& output, const data::Tensors& targets) {
        auto of_terms = weights;
        of_terms.prior = prior ? 1 : 0;
        auto loss = region_loss(output, targets.all().at(0), anchors, of_terms);
        if (!prior) return loss;
        loss.prior = loss.prior * region_prior(targets.all().at(1));
        loss.total = loss.coordinates + loss.object + loss.no_object +
                     loss.classes + loss.prior;
        return loss;
      };
  Task task;
  task.loss = [loss_of](const data::Tensors& output, const at::Tensor&,
                        const data::Tensors& targets) {
    return loss_of(output, targets).total;
  };
  task.meter = [options](c10::Device of_meter) {
    return std::make_unique<DetectionMeter>(options, of_meter);
  };
  task.training_meter = [loss_of](c10::Device of_meter) {
    return std::make_unique<RegionLossMeter>(loss_of, of_meter);
  };
  return task;
}

}  // namespace expandnet::tasks
