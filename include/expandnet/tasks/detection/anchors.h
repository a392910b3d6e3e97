// anchors.h: the shapes that a detector's boxes start from.
#pragma once

#include <cstdint>
#include <vector>

namespace expandnet::tasks {

/// A box without a place. Those of a region layer are in cells of its grid.
struct Anchor {
  double width = 0;
  double height = 0;
};

/// Those of the published YOLO-LITE, in cells: made for a grid of 13x13 and not
/// rescaled for its 7x7, so that three exceed the image. `fit_anchors` gives
/// better ones.
[[nodiscard]] const std::vector<Anchor>& yolo_lite_anchors();

/// Intersection over union of two boxes around the same centre.
[[nodiscard]] double shape_iou(const Anchor& a, const Anchor& b);

struct FittedAnchors {
  std::vector<Anchor> anchors;  ///< from the smallest area to the largest
  double mean_iou = 0;          ///< of each shape with its best anchor
};

/// Groups `shapes` by k-means with the distance 1 - IoU (Redmon and Farhadi,
/// 2017): the best of ten starts by k-means++, drawn by `seed`, the same on
/// every machine. An anchor is the mean of its group.
///
/// Throws `c10::Error` unless 1 <= count <= the number of different shapes, and
/// for a shape that is not positive.
///
///     const auto [anchors, mean_iou] = fit_anchors(shapes, 5, /*seed=*/0);
[[nodiscard]] FittedAnchors fit_anchors(const std::vector<Anchor>& shapes,
                                        std::int64_t count, std::uint64_t seed);

}  // namespace expandnet::tasks
