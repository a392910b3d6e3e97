// segmentation_meter.h: the metrics of segmentation.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/tasks/meter.h>

#include <cstdint>
#include <optional>

namespace expandnet::tasks {

/// The metrics of a SegmentationMeter, in its order.
[[nodiscard]] EXPANDNET_API const std::vector<Metric>& segmentation_metrics();

/// Outputs are logits [N, classes, H, W], targets labels [N, H, W] of any
/// integer dtype. All metrics are of the whole set, computed from one confusion
/// matrix (confusion.h) without the ignored pixels:
///
///     loss            cross entropy of a pixel, in nats, without weights
///     mean_iou        mean over classes
///     mean_recall     mean over classes
///     mean_precision  mean over classes
///     pixel_accuracy  share of pixels whose largest logit is their label
class EXPANDNET_API SegmentationMeter : public Meter {
 public:
  /// Throws `c10::Error` unless there are 1 to 4,096 classes.
  SegmentationMeter(std::int64_t classes, c10::Device device,
                    std::int64_t ignored = 255);

  [[nodiscard]] at::Tensor loss(const data::Tensors& output,
                                const data::Tensors& targets) const override;
  void add(const at::Tensor& loss, const data::Tensors& output,
           const data::Tensors& targets) override;
  [[nodiscard]] Metrics result() const override;
  /// The IoU of each class.
  [[nodiscard]] std::optional<ClassScores> class_scores() const override;

  /// A view of the sums, [classes, classes]: rows are target classes, columns
  /// predicted classes. `segmentation_scores` computes the IoU of each class
  /// from it.
  [[nodiscard]] at::Tensor confusion() const;

 private:
  std::int64_t classes_;
  std::int64_t ignored_;
};

}  // namespace expandnet::tasks
