// segmentation_loss.h: the loss of a net that gives every pixel a class.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace expandnet::tasks {

struct SegmentationLossOptions {
  /// Pixels of this label have no loss and no gradient.
  std::int64_t ignored = 255;
  /// Of the classes in the cross entropy: [classes], on the device of the
  /// logits; undefined: all alike.
  at::Tensor class_weights = {};
  /// Weight of the Dice loss; the cross entropy has 1.
  double dice = 0;
};

/// Returns the loss of a batch:
///
///     cross entropy  sum of w[meant] (-log softmax(logits)[meant])
///                    / sum of w[meant]
///     Dice loss      mean over the classes that are meant of
///                    1 - (2 sum of p m + 1) / (sum of p + sum of m + 1)
///
/// Sums go over the pixels of the batch that are not ignored; p is a class's
/// softmax, and m is 1 where the class is meant. 0 where all are ignored.
///
///     logits   [N, classes, H, W]
///     targets  [N, H, W], of any integer dtype
///
/// Differentiable in `logits`. Nothing waits for the device.
///
/// Throws `c10::Error` for shapes that do not fit together.
[[nodiscard]] at::Tensor segmentation_loss(
    const at::Tensor& logits, const at::Tensor& targets,
    const SegmentationLossOptions& options = {});

/// Weights for rare classes (Eigen and Fergus, 2015): with the frequency of a
/// class, its share of the pixels of those images that show it, the median of
/// all frequencies over its own. A class without pixels has the weight 1 and
/// is left out of the median.
///
///     pixels        of each class in the training set
///     image_pixels  of each class: all pixels, without ignored ones, of the
///                   images that show it
///
/// Throws `c10::Error` unless both have a number for each class, with
/// `image_pixels` as large as `pixels` or larger.
[[nodiscard]] std::vector<double> median_frequency_weights(
    const std::vector<std::int64_t>& pixels,
    const std::vector<std::int64_t>& image_pixels);

}  // namespace expandnet::tasks
