#include <expandnet/tasks/detection/average_precision.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <string>

#include "base/error.h"
#include "tasks/detection/score_order.h"

namespace expandnet::tasks {

namespace {

/// A detection of one class.
struct Ranked {
  std::uint32_t rank;  ///< the higher the score, the smaller
  std::uint16_t hit;
  std::uint16_t ignored;
};

/// Sorts by rank, equal ones in their order: by eleven bits at a time, as there
/// may be millions.
void sort_by_rank(std::vector<Ranked>& ranked) {
  constexpr unsigned kBits = 11;
  constexpr std::size_t kBuckets = std::size_t{1} << kBits;
  std::vector<Ranked> sorted(ranked.size());
  for (unsigned shift = 0; shift < 32; shift += kBits) {
    const auto bucket = [&](const Ranked& each) {
      return each.rank >> shift & (kBuckets - 1);
    };
    std::vector<std::size_t> begin(kBuckets + 1, 0);
    for (const auto& each : ranked) ++begin[bucket(each) + 1];
    std::partial_sum(begin.begin(), begin.end(), begin.begin());
    for (const auto& each : ranked) sorted[begin[bucket(each)]++] = each;
    ranked.swap(sorted);
  }
}

/// The detections by class and score; of equal scores those of the first image,
/// and of an image the first, come first.
std::vector<std::vector<Ranked>> ranked_by_class(
    const DetectionMatches& matches) {
  const auto in_order = [](const MatchedDetection& a,
                           const MatchedDetection& b) {
    return a.image != b.image ? a.image < b.image : a.place < b.place;
  };
  // They are as `suppress` and one process make them; others are sorted.
  const auto* found = &matches.found();
  std::vector<MatchedDetection> sorted;
  if (!std::is_sorted(found->begin(), found->end(), in_order)) {
    sorted = *found;
    std::sort(sorted.begin(), sorted.end(), in_order);
    found = &sorted;
  }
  std::vector<std::size_t> counts(matches.meant().size(), 0);
  for (const auto& each : *found) ++counts[each.label];
  std::vector<std::vector<Ranked>> ranked(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) ranked[i].reserve(counts[i]);
  for (const auto& each : *found) {
    ranked[each.label].push_back(
        {descending(each.score), each.hit, each.ignored});
  }
  for (auto& of_class : ranked) sort_by_rank(of_class);
  return ranked;
}

/// Precision and recall after each detection that counts.
struct Curve {
  std::vector<double> precision;
  std::vector<double> recall;
};

Curve curve_of(const std::vector<Ranked>& ranked, std::size_t threshold,
               std::int64_t meant) {
  Curve curve;
  curve.precision.reserve(ranked.size());
  curve.recall.reserve(ranked.size());
  std::int64_t hits = 0;
  std::int64_t all = 0;
  for (const auto& each : ranked) {
    if ((each.ignored >> threshold & 1U) != 0) continue;
    hits += each.hit >> threshold & 1U;
    ++all;
    curve.precision.push_back(static_cast<double>(hits) /
                              static_cast<double>(all));
    curve.recall.push_back(static_cast<double>(hits) /
                           static_cast<double>(meant));
  }
  return curve;
}

/// The mean of the precisions at these recalls; 0 at those never reached.
double mean_at_points(const Curve& curve, const std::vector<double>& points) {
  double sum = 0;
  for (const auto point : points) {
    const auto place =
        std::lower_bound(curve.recall.begin(), curve.recall.end(), point);
    if (place == curve.recall.end()) break;
    sum +=
        curve.precision[static_cast<std::size_t>(place - curve.recall.begin())];
  }
  return sum / static_cast<double>(points.size());
}

double area_under(const Curve& curve) {
  double area = 0;
  double before = 0;
  for (std::size_t i = 0; i < curve.recall.size(); ++i) {
    area += (curve.recall[i] - before) * curve.precision[i];
    before = curve.recall[i];
  }
  return area;
}

/// Recalls as the tools of VOC and COCO compute them: whether a recall of 0.3
/// reaches a point of 0.3 depends on the last bit.
std::vector<double> recall_points(Interpolation interpolation) {
  std::vector<double> points;
  if (interpolation == Interpolation::kElevenPoints) {
    for (int i = 0; i <= 10; ++i) points.push_back(i / 10.0);
  } else {
    for (int i = 0; i < 100; ++i) points.push_back(i * 0.01);
    points.push_back(1);
  }
  return points;
}

double average_of(Curve curve, Interpolation interpolation,
                  const std::vector<double>& points) {
  // The highest precision at that recall or above.
  for (std::size_t i = curve.precision.size(); i-- > 1;) {
    curve.precision[i - 1] =
        std::max(curve.precision[i - 1], curve.precision[i]);
  }
  return interpolation == Interpolation::kArea ? area_under(curve)
                                               : mean_at_points(curve, points);
}

}  // namespace

AveragePrecision average_precision(const DetectionMatches& matches,
                                   Interpolation interpolation) {
  const auto ranked = ranked_by_class(matches);
  const auto points = recall_points(interpolation);
  const auto thresholds = iou_thresholds(matches.protocol()).size();
  AveragePrecision result;
  result.of_threshold.assign(thresholds, 0);
  double classes = 0;
  for (std::size_t label = 0; label < ranked.size(); ++label) {
    const auto meant = matches.meant()[label];
    if (meant == 0) {
      result.of_class.emplace_back();
      continue;
    }
    ++classes;
    double sum = 0;
    for (std::size_t t = 0; t < thresholds; ++t) {
      const auto average =
          average_of(curve_of(ranked[label], t, meant), interpolation, points);
      sum += average;
      result.of_threshold[t] += average;
    }
    result.of_class.emplace_back(sum / static_cast<double>(thresholds));
  }
  double sum = 0;
  for (auto& mean : result.of_threshold) {
    mean =
        classes > 0 ? mean / classes : std::numeric_limits<double>::quiet_NaN();
    sum += mean;
  }
  result.mean = sum / static_cast<double>(thresholds);
  return result;
}

PrecisionRecall precision_recall(const DetectionMatches& matches,
                                 std::int64_t label, std::size_t threshold) {
  if (label < 0 || label >= matches.classes()) {
    throw_argument_error(
        "precision_recall",
        "label must be 0 to " + std::to_string(matches.classes() - 1),
        std::to_string(label));
  }
  const auto thresholds = iou_thresholds(matches.protocol()).size();
  if (threshold >= thresholds) {
    throw_argument_error(
        "precision_recall",
        "threshold must be 0 to " + std::to_string(thresholds - 1),
        std::to_string(threshold));
  }
  const auto index = static_cast<std::size_t>(label);
  const auto meant = matches.meant()[index];
  if (meant == 0) return {};
  std::vector<double> scores;
  for (const auto& found : matches.found()) {
    if (found.label == index && (found.ignored >> threshold & 1U) == 0) {
      scores.push_back(static_cast<double>(found.score));
    }
  }
  std::sort(scores.rbegin(), scores.rend());
  const auto curve =
      curve_of(ranked_by_class(matches)[index], threshold, meant);
  return {scores, curve.precision, curve.recall};
}

}  // namespace expandnet::tasks
