// boxes.h: what a detector finds, and how far two boxes agree.
#pragma once

#include <expandnet/data/images/image.h>

#include <cstdint>
#include <vector>

namespace expandnet::tasks {

using data::Box;

/// An object that was found.
struct Detection {
  Box box;
  float score = 0;
  std::int64_t label = 0;
};

/// Intersection over union: 0 for boxes that do not overlap, 1 for equal ones,
/// 0 where both are empty. Edges count as they are; VOC's widths of
/// xmax - xmin + 1 are those of `data::AnnotatedObject`.
[[nodiscard]] double iou(const Box& a, const Box& b);

/// The area that both boxes cover.
[[nodiscard]] double intersection(const Box& a, const Box& b);

}  // namespace expandnet::tasks
