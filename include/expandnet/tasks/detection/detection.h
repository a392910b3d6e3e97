// detection.h: the task of finding objects with a YOLOv2 head.
#pragma once

#include <c10/core/Device.h>
#include <expandnet/base/export.h>
#include <expandnet/tasks/detection/anchors.h>
#include <expandnet/tasks/detection/average_precision.h>
#include <expandnet/tasks/detection/detection_matches.h>
#include <expandnet/tasks/detection/region_loss.h>
#include <expandnet/tasks/detection/suppress.h>
#include <expandnet/tasks/task.h>

#include <cstdint>
#include <vector>

namespace expandnet::tasks {

/// The default values are those of YOLO-LITE on VOC2007.
struct DetectionOptions {
  std::int64_t classes = 20;
  std::vector<Anchor> anchors;  ///< in cells
  RegionLossOptions loss;       ///< its prior is ignored
  /// Whether the loss of the first 12,800 images pulls boxes towards their
  /// anchors' shapes (`region_prior`).
  bool prior = true;
  SuppressOptions suppress;
  Protocol protocol = Protocol::kVoc;
  Interpolation interpolation = Interpolation::kElevenPoints;
};

/// A Task of `region_loss` on outputs [n, A (5 + classes), H, W], a
/// RegionLossMeter for training and a DetectionMeter.
///
/// Targets are those of `data::BoxBatches`. They include the number of images
/// before the batch, which determines the prior, so that a resumed run computes
/// the same bits. Evaluations report the loss without the prior.
///
/// Throws `c10::Error` unless there are classes and anchors.
[[nodiscard]] EXPANDNET_API Task detection(const DetectionOptions& options,
                                           c10::Device device);

}  // namespace expandnet::tasks
