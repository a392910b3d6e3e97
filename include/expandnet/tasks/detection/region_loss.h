// region_loss.h: the loss of a YOLOv2 head, equal to darknet's region layer.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>

#include <cstdint>

namespace expandnet::tasks {

/// The weights of the terms; the default values are darknet's for VOC.
struct RegionLossOptions {
  double coordinates = 1;
  double object = 5;
  double no_object = 1;
  double classes = 1;
  /// A box without a target has no `no_object` loss if its IoU with any target
  /// exceeds this number.
  double ignore_iou = 0.6;
  /// Weight of the terms that pull every box without a target towards its
  /// anchor's shape in the middle of the cell. darknet uses 0.01 for the first
  /// 12,800 images, then 0; `region_prior` returns it.
  double prior = 0;
};

/// The terms of a batch's loss, each a scalar; `total` is their sum.
struct RegionLoss {
  at::Tensor total;
  at::Tensor coordinates;
  at::Tensor object;
  at::Tensor no_object;
  at::Tensor classes;
  at::Tensor prior;
};

/// The `RegionLossOptions::prior` of a batch after `images` earlier images.
[[nodiscard]] EXPANDNET_API double region_prior(std::int64_t images);
/// The same for a number on the device, int64 []; returns a float on the
/// device.
[[nodiscard]] EXPANDNET_API at::Tensor region_prior(const at::Tensor& images);

/// Returns the loss of raw outputs against targets:
///
///     1/(2B) sum over boxes of
///         coordinates ((s(tx) - x)^2 + (s(ty) - y)^2
///                      + (tw - w)^2 + (th - h)^2)
///           + object (1 - s(to))^2              for a box with a target
///         no_object s(to)^2                     for one without, unless its
///                                               IoU exceeds ignore_iou
///         prior ((s(tx) - 1/2)^2 + (s(ty) - 1/2)^2 + tw^2 + th^2)
///                                               for one without
///     + classes/B sum over targets of -log softmax(class)
///
/// s is the sigmoid. x and y are the target's position in its cell, w and h the
/// logarithms of its sides divided by the anchor's. A target is assigned to the
/// cell of its centre and to the anchor with the highest IoU of shapes. If
/// several targets have the same cell and anchor, the last one counts.
///
///     output   [B, A (5 + C), H, W]: tx, ty, tw, th, to, classes of an anchor
///     targets  [B, T, 5]: x and y of the centre, width and height, as shares
///              of the image, and the label; rows with a negative label are
///              padding
///     anchors  [A, 2]: width and height, in cells
///
/// All are on one device. Computed in the dtype of `anchors`, at least fp32,
/// and differentiable in `output`. Does not synchronize with the device, and
/// shapes do not depend on values, so that a step can be captured.
///
/// Throws `c10::Error` if the shapes do not fit together.
[[nodiscard]] EXPANDNET_API RegionLoss
region_loss(const at::Tensor& output, const at::Tensor& targets,
            const at::Tensor& anchors, const RegionLossOptions& options = {});

}  // namespace expandnet::tasks
