// decode.h: boxes and scores of a YOLOv2 head's raw outputs.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/tasks/detection/anchors.h>
#include <expandnet/tasks/detection/suppress.h>

#include <vector>

namespace expandnet::tasks {

/// Returns what the raw output of one image means: boxes of
///
///     centre  ((s(tx) + column) / W, (s(ty) + row) / H)
///     size    (anchor width e^tw / W, anchor height e^th / H)
///
/// as shares of the image, and scores s(to) softmax(classes); s is the sigmoid.
/// Boxes stand in the order of anchors, rows and columns.
///
///     output  [A (5 + C), H, W], on any device
///     anchors in cells
///
/// Throws `c10::Error` for another shape.
[[nodiscard]] ScoredBoxes decode_region(const at::Tensor& output,
                                        const std::vector<Anchor>& anchors);

/// Returns the detections of each image of a batch, [B, A (5 + C), H, W]:
/// decoded and suppressed.
[[nodiscard]] std::vector<std::vector<Detection>> detect(
    const at::Tensor& output, const std::vector<Anchor>& anchors,
    const SuppressOptions& options = {});

}  // namespace expandnet::tasks
