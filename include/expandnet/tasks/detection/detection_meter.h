// detection_meter.h: the metrics of a detector.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/tasks/detection/detection.h>
#include <expandnet/tasks/meter.h>

#include <optional>
#include <vector>

namespace expandnet::tasks {

/// The metrics of a detector: "map".
[[nodiscard]] EXPANDNET_API const std::vector<Metric>& detection_metrics();

/// Converts a detection from shares of a picture to pixels of the image, and
/// clips it to the image. `image` points to the columns of an image in
/// data/loading/box_targets.h.
[[nodiscard]] EXPANDNET_API Detection in_image(const Detection& found,
                                               const double* image);

/// Decodes outputs, suppresses overlapping boxes, and matches the rest with the
/// targets, in pixels of the images. Targets are those that `data::BoxBatches`
/// returns for evaluation.
///
///     loss  mean over images of `region_loss`, without a prior
///     map   mean average precision; NaN if the targets have no objects
///
/// The sums hold the loss and the number of objects of each class. The rows
/// hold every detection: its score, image, place in the image's list, label,
/// hits and ignored flags, the latter two with one bit per threshold. So the
/// precision does not depend on the number of processes.
class EXPANDNET_API DetectionMeter : public Meter {
 public:
  DetectionMeter(const DetectionOptions& options, c10::Device device);

  [[nodiscard]] at::Tensor loss(const data::Tensors& output,
                                const data::Tensors& targets) const override;
  void add(const at::Tensor& loss, const data::Tensors& output,
           const data::Tensors& targets) override;
  [[nodiscard]] Metrics result() const override;
  /// The average precision of each class, with its precision-recall curve at
  /// the lowest IoU threshold.
  [[nodiscard]] std::optional<ClassScores> class_scores() const override;
  void reset() override;
  [[nodiscard]] at::Tensor rows() const override;
  void set_rows(const at::Tensor& rows) override;

  /// All detections and objects so far, to compute curves.
  [[nodiscard]] DetectionMatches matches() const;

 private:
  DetectionOptions options_;
  at::Tensor anchors_;
  std::vector<MatchedDetection> found_;
};

}  // namespace expandnet::tasks
