// detection.h: boxes around objects, by a YOLOv2 head.
#pragma once

#include <c10/core/Device.h>
#include <expandnet/tasks/detection/anchors.h>
#include <expandnet/tasks/detection/average_precision.h>
#include <expandnet/tasks/detection/detection_matches.h>
#include <expandnet/tasks/detection/region_loss.h>
#include <expandnet/tasks/detection/suppress.h>
#include <expandnet/tasks/task.h>

#include <cstdint>
#include <vector>

namespace expandnet::tasks {

/// Defaults are those of YOLO-LITE on VOC2007.
struct DetectionOptions {
  std::int64_t classes = 20;
  std::vector<Anchor> anchors;  ///< in cells
  RegionLossOptions loss;       ///< but for its prior
  /// Whether the first 12,800 images draw boxes to their anchors' shapes, as
  /// `region_prior` says.
  bool prior = true;
  SuppressOptions suppress;
  Protocol protocol = Protocol::kVoc;
  Interpolation interpolation = Interpolation::kElevenPoints;
};

/// `region_loss` of outputs [n, A (5 + classes), H, W], a RegionLossMeter for
/// the batches that are trained on, and a DetectionMeter.
///
/// Targets are those of `data::BoxBatches`. The images before a batch, which
/// the prior depends on, are among them, so that a run goes on to the same
/// bits. Evaluations report the loss without the prior.
///
/// Throws `c10::Error` unless there are classes and anchors.
[[nodiscard]] Task detection(const DetectionOptions& options,
                             c10::Device device);

}  // namespace expandnet::tasks
