// detection_meter.h: how well a detector does.
#pragma once

#include <expandnet/tasks/detection/detection.h>
#include <expandnet/tasks/meter.h>

#include <optional>
#include <vector>

namespace expandnet::tasks {

/// The metrics of a detector: "map".
[[nodiscard]] const std::vector<Metric>& detection_metrics();

/// Puts a detection of a picture, a share of it, into the image, in pixels, cut
/// to the image. `image` are the columns of data/loading/box_targets.h.
[[nodiscard]] Detection in_image(const Detection& found, const double* image);

/// Decodes outputs, suppresses, and matches what is left with what was meant,
/// in the pixels of the images. Targets are those that `data::BoxBatches` gives
/// to evaluate.
///
///     loss  mean over images of `region_loss`, without a prior
///     map   mean average precision; not a number where nothing is meant
///
/// The sums hold the loss and the objects of each class, the rows every
/// detection: its score, image, place in the image's list, label, hits and what
/// is ignored, the latter two a bit for each threshold. So the precision of
/// several processes is that of one.
class DetectionMeter : public Meter {
 public:
  DetectionMeter(const DetectionOptions& options, c10::Device device);

  [[nodiscard]] at::Tensor loss(const data::Tensors& output,
                                const data::Tensors& targets) const override;
  void add(const at::Tensor& loss, const data::Tensors& output,
           const data::Tensors& targets) override;
  [[nodiscard]] Metrics result() const override;
  /// Average precisions, with the precision at each recall at the lowest IoU
  /// that is a hit.
  [[nodiscard]] std::optional<ClassScores> class_scores() const override;
  void reset() override;
  [[nodiscard]] at::Tensor rows() const override;
  void set_rows(const at::Tensor& rows) override;

  /// All that was found and meant so far, for curves.
  [[nodiscard]] DetectionMatches matches() const;

 private:
  DetectionOptions options_;
  at::Tensor anchors_;
  std::vector<MatchedDetection> found_;
};

}  // namespace expandnet::tasks
