// anchors.h: the shapes that a detector's boxes start from.
#pragma once

#include <expandnet/base/export.h>

#include <cstdint>
#include <vector>

namespace expandnet::tasks {

/// Width and height of a box without a position. For a region layer the unit is
/// a cell of its grid.
struct Anchor {
  double width = 0;
  double height = 0;
};

/// The anchors of the published YOLO-LITE, in cells. They were made for a grid
/// of 13x13 and not rescaled for its grid of 7x7, so three are larger than the
/// image. `fit_anchors` gives better ones.
[[nodiscard]] EXPANDNET_API const std::vector<Anchor>& yolo_lite_anchors();

/// Intersection over union of two boxes with the same centre.
[[nodiscard]] EXPANDNET_API double shape_iou(const Anchor& a, const Anchor& b);

struct FittedAnchors {
  std::vector<Anchor> anchors;  ///< by area, smallest first
  double mean_iou = 0;          ///< mean IoU of each shape and its best anchor
};

/// Groups `shapes` by k-means with the distance 1 - IoU (Redmon and Farhadi,
/// 2017) and returns the mean of each group: the best of ten starts by
/// k-means++. The starts depend only on `seed`, on every machine.
///
/// Throws `c10::Error` unless 1 <= count <= the number of distinct shapes, and
/// for a shape that is not positive.
///
///     const auto [anchors, mean_iou] = fit_anchors(shapes, 5, /*seed=*/0);
[[nodiscard]] EXPANDNET_API FittedAnchors fit_anchors(
    const std::vector<Anchor>& shapes, std::int64_t count, std::uint64_t seed);

}  // namespace expandnet::tasks
