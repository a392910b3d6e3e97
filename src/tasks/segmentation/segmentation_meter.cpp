#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <expandnet/tasks/segmentation/confusion.h>
#include <expandnet/tasks/segmentation/segmentation_loss.h>
#include <expandnet/tasks/segmentation/segmentation_meter.h>

#include "base/error.h"

namespace expandnet::tasks {

namespace {

constexpr std::int64_t kMostClasses = 4'096;

/// The sum of the losses of pixels and their number, then the matrix.
constexpr std::int64_t kPixelLoss = 0;
constexpr std::int64_t kPixels = 1;
constexpr std::int64_t kMatrix = 2;

at::Tensor empty_sums(std::int64_t classes, c10::Device device) {
  TORCH_CHECK(classes >= 1 && classes <= kMostClasses,
              error_message("SegmentationMeter",
                            c10::str("classes must be 1 to ", kMostClasses),
                            c10::str(classes)));
  return at::zeros({kMatrix + classes * classes},
                   at::TensorOptions(at::kDouble).device(device));
}

}  // namespace

const std::vector<Metric>& segmentation_metrics() {
  static const std::vector<Metric> metrics = {
      {"mean_iou", "mIoU"},
      {"mean_recall", "mRec"},
      {"mean_precision", "mPrec"},
      {"pixel_accuracy", "pixel accuracy"}};
  return metrics;
}

SegmentationMeter::SegmentationMeter(std::int64_t classes, c10::Device device,
                                     std::int64_t ignored)
    : Meter(segmentation_metrics(), empty_sums(classes, device)),
      classes_(classes),
      ignored_(ignored) {}

at::Tensor SegmentationMeter::loss(const data::Tensors& output,
                                   const data::Tensors& targets) const {
  return segmentation_loss(output, targets, {ignored_, {}, 0});
}

void SegmentationMeter::add(const at::Tensor& loss, const data::Tensors& output,
                            const data::Tensors& targets) {
  const at::NoGradGuard no_grad;
  const auto& labels = targets.one();
  const auto pixels = labels.ne(ignored_).sum().to(at::kDouble);
  // In place: a captured step adds to the same memory at every replay.
  sums().select(0, kPixelLoss).add_(loss.detach().to(at::kDouble) * pixels);
  sums().select(0, kPixels).add_(pixels);
  count_confusion(confusion(), output.one().argmax(1), labels, ignored_);
}

Metrics SegmentationMeter::result() const {
  const auto on_cpu = sums().to(at::kCPU);
  const auto* sum = on_cpu.const_data_ptr<double>();
  const auto scores =
      segmentation_scores(on_cpu.slice(0, kMatrix).view({classes_, classes_}));
  // Before a pixel has counted, as in a batch whose pixels are all ignored, the
  // loss is that of such a batch.
  const auto loss = sum[kPixels] > 0 ? sum[kPixelLoss] / sum[kPixels] : 0.0;
  return {{"loss", loss},
          {"mean_iou", scores.mean_iou},
          {"mean_recall", scores.mean_recall},
          {"mean_precision", scores.mean_precision},
          {"pixel_accuracy", scores.pixel_accuracy}};
}

std::optional<ClassScores> SegmentationMeter::class_scores() const {
  ClassScores scores;
  scores.metric = {"iou", "IoU"};
  for (const auto& iou : segmentation_scores(confusion()).iou) {
    scores.classes.push_back({iou, {}});
  }
  return scores;
}

at::Tensor SegmentationMeter::confusion() const {
  return sums().slice(0, kMatrix).view({classes_, classes_});
}

}  // namespace expandnet::tasks
