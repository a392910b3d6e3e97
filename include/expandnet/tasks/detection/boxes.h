// boxes.h: detections, and the overlap of boxes.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/images/image.h>

#include <cstdint>
#include <vector>

namespace expandnet::tasks {

using data::Box;

/// A detected object.
struct Detection {
  Box box;
  float score = 0;
  std::int64_t label = 0;
};

/// Intersection over union: 1 for equal boxes, 0 for boxes that do not overlap
/// and if both are empty. Uses the edges as they are; `data::AnnotatedObject`
/// explains VOC's widths of xmax - xmin + 1.
[[nodiscard]] EXPANDNET_API double iou(const Box& a, const Box& b);

/// The area that both boxes cover.
[[nodiscard]] EXPANDNET_API double intersection(const Box& a, const Box& b);

}  // namespace expandnet::tasks
