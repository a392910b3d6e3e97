// confusion.h: the confusion matrix of the classes of pixels.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace expandnet::tasks {

/// Counts pixels in `counts`, in place: entry [meant, found] counts the pixels
/// with target class `meant` and predicted class `found`. Pixels with target
/// `ignored` are left out.
///
///     counts  [classes, classes], fp64, contiguous
///     found   predicted classes, of any shape and integer dtype
///     meant   target classes or `ignored`, in the same shape
///
/// All are on one device. Does not synchronize with it, so that a step can be
/// captured.
///
/// Throws `c10::Error` if the shapes differ and, on the CPU, for a value that
/// is not a class.
EXPANDNET_API void count_confusion(const at::Tensor& counts,
                                   const at::Tensor& found,
                                   const at::Tensor& meant,
                                   std::int64_t ignored = 255);

/// In the formulas, TP, FP and FN count the pixels of a class that are
/// predicted correctly, predicted wrongly, and missed.
struct SegmentationScores {
  /// Means over the classes for which the value is defined; NaN if there is
  /// none.
  double mean_iou = 0;
  double mean_recall = 0;
  double mean_precision = 0;
  double pixel_accuracy = 0;  ///< share of all pixels that are predicted
                              ///< correctly
  /// TP / (TP + FP + FN) of each class; absent if that is 0 / 0. The same holds
  /// for the members below.
  std::vector<std::optional<double>> iou;
  std::vector<std::optional<double>> recall;     ///< TP / (TP + FN)
  std::vector<std::optional<double>> precision;  ///< TP / (TP + FP)
};

/// Returns the scores of a set from the counts of all its pixels, [classes,
/// classes]. Synchronizes with the device.
///
/// Throws `c10::Error` unless `counts` is a square matrix.
[[nodiscard]] EXPANDNET_API SegmentationScores
segmentation_scores(const at::Tensor& counts);

}  // namespace expandnet::tasks
