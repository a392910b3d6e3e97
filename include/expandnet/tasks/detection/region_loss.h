// region_loss.h: the loss of a YOLOv2 head, as darknet's region layer has it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace expandnet::tasks {

/// The weights of the terms; all defaults are darknet's for VOC.
struct RegionLossOptions {
  double coordinates = 1;
  double object = 5;
  double no_object = 1;
  double classes = 1;
  /// A box whose IoU with any target exceeds this is not told that there is no
  /// object.
  double ignore_iou = 0.6;
  /// Weight of the terms that draw every box without a target to its anchor's
  /// shape in the middle of the cell. darknet has 0.01 for the first 12,800
  /// images, then 0; `region_prior` gives it.
  double prior = 0;
};

/// What a batch costs, each a scalar; `total` is their sum.
struct RegionLoss {
  at::Tensor total;
  at::Tensor coordinates;
  at::Tensor object;
  at::Tensor no_object;
  at::Tensor classes;
  at::Tensor prior;
};

/// The `RegionLossOptions::prior` of a batch before which `images` were seen.
[[nodiscard]] double region_prior(std::int64_t images);
/// The same of a number on the device, int64 [], as a float there.
[[nodiscard]] at::Tensor region_prior(const at::Tensor& images);

/// Returns the loss of raw outputs against the objects that are meant:
///
///     1/(2B) sum over boxes of
///         coordinates ((s(tx) - x)^2 + (s(ty) - y)^2 + (tw - w)^2 + (th -
///         h)^2)
///           + object (1 - s(to))^2              of a box with a target
///         no_object s(to)^2                     of one without, unless its
///                                               IoU exceeds ignore_iou
///         prior ((s(tx) - 1/2)^2 + (s(ty) - 1/2)^2 + tw^2 + th^2)
///                                               of one without
///     + classes/B sum over targets of -log softmax(class)
///
/// s is the sigmoid; x and y are the target's place in its cell, w and h the
/// logarithms of its sides over the anchor's. A target belongs to the cell of
/// its centre and to the anchor of the highest IoU of shapes. Of targets with
/// the same cell and anchor the last counts.
///
///     output   [B, A (5 + C), H, W]: tx, ty, tw, th, to, classes of an anchor
///     targets  [B, T, 5]: x and y of the centre, width, height, as shares of
///              the image, and the label; a negative label fills a row
///     anchors  [A, 2]: width and height, in cells
///
/// All on one device. Computed in the dtype of `anchors`, at least fp32, and
/// differentiable in `output`; no operation waits for the device, and shapes
/// do not depend on values, so that a step can be captured.
///
/// Throws `c10::Error` for shapes that do not fit together.
[[nodiscard]] RegionLoss region_loss(const at::Tensor& output,
                                     const at::Tensor& targets,
                                     const at::Tensor& anchors,
                                     const RegionLossOptions& options = {});

}  // namespace expandnet::tasks
