// decode.h: decodes the raw outputs of a YOLOv2 head to boxes and scores.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>
#include <expandnet/tasks/detection/anchors.h>
#include <expandnet/tasks/detection/suppress.h>

#include <vector>

namespace expandnet::tasks {

/// Decodes the raw output of one image to boxes with
///
///     centre  ((s(tx) + column) / W, (s(ty) + row) / H)
///     size    (anchor width e^tw / W, anchor height e^th / H)
///
/// as shares of the image, and to scores s(to) softmax(classes), where s is the
/// sigmoid. Boxes are in the order of anchors, rows and columns.
///
///     output   [A (5 + C), H, W], on any device
///     anchors  in cells
///
/// Throws `c10::Error` for another shape.
[[nodiscard]] EXPANDNET_API ScoredBoxes
decode_region(const at::Tensor& output, const std::vector<Anchor>& anchors);

/// Decodes the raw outputs of a batch, [B, A (5 + C), H, W], and suppresses
/// overlapping boxes. Returns the detections of each image.
[[nodiscard]] EXPANDNET_API std::vector<std::vector<Detection>> detect(
    const at::Tensor& output, const std::vector<Anchor>& anchors,
    const SuppressOptions& options = {});

}  // namespace expandnet::tasks
