#include <expandnet/tasks/detection/anchors.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <string>
#include <utility>

#include "base/error.h"
#include "data/images/counter_random.h"

namespace expandnet::tasks {

namespace {

constexpr int kAnchorStarts = 10;
constexpr int kAnchorRounds = 300;

struct Nearest {
  std::size_t anchor = 0;
  double iou = -1;
};

Nearest nearest_anchor(const Anchor& shape,
                       const std::vector<Anchor>& anchors) {
  Nearest nearest;
  for (std::size_t i = 0; i < anchors.size(); ++i) {
    const auto overlap = shape_iou(shape, anchors[i]);
    if (overlap > nearest.iou) nearest = {i, overlap};
  }
  return nearest;
}

/// Draws the first shape evenly and each other one in proportion to its squared
/// distance from the nearest of those before.
std::vector<Anchor> draw_anchors(const std::vector<Anchor>& shapes,
                                 std::size_t count,
                                 data::CounterRandom& random) {
  std::vector<double> weight(shapes.size(), 1);
  std::vector<Anchor> drawn;
  while (drawn.size() < count) {
    double total = 0;
    for (const auto each : weight) total += each;
    auto left = random.uniform() * total;
    std::size_t chosen = 0;
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      if (weight[i] <= 0) continue;
      chosen = i;
      left -= weight[i];
      if (left < 0) break;
    }
    drawn.push_back(shapes[chosen]);
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      const auto distance = 1 - nearest_anchor(shapes[i], drawn).iou;
      weight[i] = distance * distance;
    }
  }
  return drawn;
}

/// Where each shape belongs, and the mean IoU.
struct Grouping {
  std::vector<std::size_t> anchor_of;
  double mean_iou = 0;
};

Grouping group_shapes(const std::vector<Anchor>& shapes,
                      const std::vector<Anchor>& anchors) {
  Grouping grouping;
  for (const auto& shape : shapes) {
    const auto nearest = nearest_anchor(shape, anchors);
    grouping.anchor_of.push_back(nearest.anchor);
    grouping.mean_iou += nearest.iou / static_cast<double>(shapes.size());
  }
  return grouping;
}

/// The mean of each group; an anchor without a group stays.
std::vector<Anchor> group_means(const std::vector<Anchor>& shapes,
                                const Grouping& grouping,
                                const std::vector<Anchor>& former) {
  std::vector<Anchor> sums(former.size());
  std::vector<double> counts(former.size(), 0);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const auto group = grouping.anchor_of[i];
    sums[group].width += shapes[i].width;
    sums[group].height += shapes[i].height;
    ++counts[group];
  }
  for (std::size_t i = 0; i < sums.size(); ++i) {
    sums[i] = counts[i] > 0 ? Anchor{sums[i].width / counts[i],
                                     sums[i].height / counts[i]}
                            : former[i];
  }
  return sums;
}

FittedAnchors fit_once(const std::vector<Anchor>& shapes, std::size_t count,
                       data::CounterRandom& random) {
  auto anchors = draw_anchors(shapes, count, random);
  auto grouping = group_shapes(shapes, anchors);
  // The mean does not minimize this distance: the best round counts.
  FittedAnchors best = {anchors, grouping.mean_iou};
  for (int round = 0; round < kAnchorRounds; ++round) {
    anchors = group_means(shapes, grouping, anchors);
    auto next = group_shapes(shapes, anchors);
    if (next.mean_iou > best.mean_iou) best = {anchors, next.mean_iou};
    const bool settled = next.anchor_of == grouping.anchor_of;
    grouping = std::move(next);
    if (settled) break;
  }
  return best;
}

void check_shapes(const std::vector<Anchor>& shapes, std::int64_t count) {
  std::set<std::pair<double, double>> different;
  for (const auto& [width, height] : shapes) {
    const bool is_positive = width > 0 && height > 0 && std::isfinite(width) &&
                             std::isfinite(height);
    if (!is_positive) {
      throw_argument_error(
          "fit_anchors", "a shape must have a positive width and height",
          std::to_string(width) + " x " + std::to_string(height),
          "leave boxes without an area out");
    }
    different.emplace(width, height);
  }
  if (count < 1 || count > static_cast<std::int64_t>(different.size())) {
    throw_argument_error("fit_anchors",
                         "count must be 1 to the number of different shapes (" +
                             std::to_string(different.size()) + ")",
                         std::to_string(count), "5 is usual");
  }
}

}  // namespace

const std::vector<Anchor>& yolo_lite_anchors() {
  static const std::vector<Anchor> anchors = {
      {1.08, 1.19}, {3.42, 4.41}, {6.63, 11.38}, {9.42, 5.11}, {16.62, 10.52}};
  return anchors;
}

double shape_iou(const Anchor& a, const Anchor& b) {
  const auto both = std::min(a.width, b.width) * std::min(a.height, b.height);
  return both / (a.width * a.height + b.width * b.height - both);
}

FittedAnchors fit_anchors(const std::vector<Anchor>& shapes, std::int64_t count,
                          std::uint64_t seed) {
  check_shapes(shapes, count);
  FittedAnchors best;
  for (int start = 0; start < kAnchorStarts; ++start) {
    data::CounterRandom random({seed, 0, start});
    auto fitted = fit_once(shapes, static_cast<std::size_t>(count), random);
    if (start == 0 || fitted.mean_iou > best.mean_iou) best = std::move(fitted);
  }
  std::sort(best.anchors.begin(), best.anchors.end(),
            [](const Anchor& a, const Anchor& b) {
              return a.width * a.height < b.width * b.height;
            });
  return best;
}

}  // namespace expandnet::tasks
