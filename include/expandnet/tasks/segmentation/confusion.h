// confusion.h: which classes of pixels are taken for which.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace expandnet::tasks {

/// Adds the pixels of `found` and `meant` to `counts`, in place: entry
/// [meant, found] counts those of class `meant` that were found as `found`;
/// pixels that are meant to be `ignored` are left out.
///
///     counts  [classes, classes], fp64, contiguous
///     found   classes, of any shape and integer dtype
///     meant   the same shape, classes or `ignored`
///
/// All on one device; nothing waits for it, so that a step can be captured.
///
/// Throws `c10::Error` for shapes that differ and, on the CPU, for a value that
/// is no class.
void count_confusion(const at::Tensor& counts, const at::Tensor& found,
                     const at::Tensor& meant, std::int64_t ignored = 255);

/// TP, FP and FN are the pixels of a class that are rightly found, wrongly
/// found, and missed.
struct SegmentationScores {
  /// Means over the classes that have one; not a number where none has.
  double mean_iou = 0;
  double mean_recall = 0;
  double mean_precision = 0;
  double pixel_accuracy = 0;  ///< share of all pixels that are rightly found
  /// TP / (TP + FP + FN) of each class; absent where that is 0 / 0, as
  /// everywhere below.
  std::vector<std::optional<double>> iou;
  std::vector<std::optional<double>> recall;     ///< TP / (TP + FN)
  std::vector<std::optional<double>> precision;  ///< TP / (TP + FP)
};

/// The scores of a set, whose pixels `counts` [classes, classes] has all.
/// Waits for the device.
///
/// Throws `c10::Error` unless `counts` is a square matrix.
[[nodiscard]] SegmentationScores segmentation_scores(const at::Tensor& counts);

}  // namespace expandnet::tasks
