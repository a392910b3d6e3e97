// segmentation_loss.h: the loss for a class per pixel.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>

#include <cstdint>
#include <vector>

namespace expandnet::tasks {

struct SegmentationLossOptions {
  /// Pixels with this label have no loss and no gradient.
  std::int64_t ignored = 255;
  /// Weights of the classes in the cross entropy: [classes], on the device of
  /// the logits; undefined: all are equal.
  at::Tensor class_weights = {};
  /// Weight of the Dice loss; the weight of the cross entropy is 1.
  double dice = 0;
};

/// Returns the loss of a batch:
///
///     cross entropy  sum of w[target] (-log softmax(logits)[target])
///                    / sum of w[target]
///     Dice loss      mean, over the classes in the targets, of
///                    1 - (2 sum of p m + 1) / (sum of p + sum of m + 1)
///
/// The sums go over all pixels of the batch that are not ignored. p is the
/// softmax of a class; m is 1 where the target is this class. The loss is 0 if
/// all pixels are ignored.
///
///     logits   [N, classes, H, W]
///     targets  [N, H, W], of any integer dtype
///
/// Differentiable in `logits`. Does not synchronize with the device.
///
/// Throws `c10::Error` if the shapes do not fit together.
[[nodiscard]] EXPANDNET_API at::Tensor segmentation_loss(
    const at::Tensor& logits, const at::Tensor& targets,
    const SegmentationLossOptions& options = {});

/// Returns weights that favour rare classes (Eigen and Fergus, 2015). The
/// frequency of a class is its share of the pixels in those images that show
/// it; its weight is the median of all frequencies divided by its own. A class
/// without pixels has weight 1 and is left out of the median.
///
///     pixels        number of pixels of each class in the training set
///     image_pixels  for each class, the number of pixels of all images that
///                   show it, without ignored pixels
///
/// Throws `c10::Error` unless both have one number per class and no entry of
/// `image_pixels` is smaller than that of `pixels`.
[[nodiscard]] EXPANDNET_API std::vector<double> median_frequency_weights(
    const std::vector<std::int64_t>& pixels,
    const std::vector<std::int64_t>& image_pixels);

}  // namespace expandnet::tasks
