#include <expandnet/tasks/detection/detection_matches.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>

#include "base/error.h"
#include "tasks/detection/score_order.h"

namespace expandnet::tasks {

namespace {

constexpr const char* kMatches = "DetectionMatches";
constexpr std::int64_t kMaxMatchedClasses = 65'536;
constexpr std::size_t kMaxMatchedInImage = 65'536;
constexpr std::size_t kCocoMaxDetections = 100;
/// pycocotools caps a threshold there, so that an IoU of 1 reaches it.
constexpr double kCocoMaxThreshold = 1 - 1e-10;

using Objects = std::vector<const data::AnnotatedObject*>;

/// The detections of one class, best first.
struct Candidates {
  const std::vector<Detection>* found;
  const std::uint32_t* places;  ///< in `found`

  [[nodiscard]] const Detection& at(std::size_t i) const {
    return (*found)[places[i]];
  }
};

/// The places of the detections by class, then score, then place.
std::vector<std::uint32_t> places_by_class(
    const std::vector<Detection>& found) {
  std::vector<std::uint32_t> places(found.size());
  std::iota(places.begin(), places.end(), 0U);
  const auto before = [&](std::uint32_t a, std::uint32_t b) {
    const auto& one = found[a];
    const auto& other = found[b];
    return one.label != other.label
               ? one.label < other.label
               : descending(one.score) < descending(other.score);
  };
  // Those of `suppress` are in this order already.
  if (!std::is_sorted(places.begin(), places.end(), before)) {
    std::stable_sort(places.begin(), places.end(), before);
  }
  return places;
}

void match_as_voc(const Candidates& candidates, const Objects& objects,
                  double threshold, std::vector<MatchedDetection>& matched) {
  std::vector<bool> taken(objects.size(), false);
  for (std::size_t i = 0; i < matched.size(); ++i) {
    double best = -1;
    std::size_t which = 0;
    for (std::size_t j = 0; j < objects.size(); ++j) {
      const auto overlap = iou(candidates.at(i).box, objects[j]->box);
      if (overlap > best) {
        best = overlap;
        which = j;
      }
    }
    if (best < threshold) continue;
    if (objects[which]->difficult || objects[which]->crowd) {
      matched[i].ignored = 1;
    } else if (!taken[which]) {
      taken[which] = true;
      matched[i].hit = 1;
    }
  }
}

double coco_iou(const Box& found, const data::AnnotatedObject& object) {
  if (!object.crowd) return iou(found, object.box);
  const auto area = found.height * found.width;
  return area > 0 ? intersection(found, object.box) / area : 0;
}

/// As pycocotools' evaluateImg does it, ties included. `objects` has crowds
/// last.
void match_as_coco(const Candidates& candidates, const Objects& objects,
                   const std::vector<double>& thresholds,
                   std::vector<MatchedDetection>& matched) {
  std::vector<double> overlaps;
  for (std::size_t i = 0; i < matched.size(); ++i) {
    for (const auto* object : objects) {
      overlaps.push_back(coco_iou(candidates.at(i).box, *object));
    }
  }
  std::vector<bool> taken;
  for (std::size_t t = 0; t < thresholds.size(); ++t) {
    taken.assign(objects.size(), false);
    for (std::size_t i = 0; i < matched.size(); ++i) {
      auto best = std::min(thresholds[t], kCocoMaxThreshold);
      const auto none = objects.size();
      auto which = none;
      for (std::size_t j = 0; j < objects.size(); ++j) {
        if (taken[j] && !objects[j]->crowd) continue;
        if (which != none && !objects[which]->crowd && objects[j]->crowd) break;
        const auto overlap = overlaps[i * objects.size() + j];
        if (overlap < best) continue;
        best = overlap;
        which = j;
      }
      if (which == none) continue;
      taken[which] = true;
      const auto bit = static_cast<std::uint16_t>(1U << t);
      auto& set = objects[which]->crowd ? matched[i].ignored : matched[i].hit;
      set = static_cast<std::uint16_t>(set | bit);
    }
  }
}

void check_matched_label(std::int64_t label, std::int64_t classes) {
  if (label >= 0 && label < classes) return;
  throw_argument_error(kMatches,
                       "a label must be 0 to " + std::to_string(classes - 1),
                       std::to_string(label), "give the classes of the set");
}

void check_matched_image(std::int64_t image,
                         const std::vector<Detection>& found,
                         const std::vector<data::AnnotatedObject>& meant,
                         std::int64_t classes) {
  if (image < 0 || image > std::int64_t{UINT32_MAX}) {
    throw_argument_error(kMatches, "an image's number must be 0 to 4294967295",
                         std::to_string(image));
  }
  if (found.size() > kMaxMatchedInImage) {
    throw_argument_error(kMatches, "an image may have 65536 detections",
                         std::to_string(found.size()), "raise the threshold");
  }
  for (const auto& object : meant) check_matched_label(object.label, classes);
  for (const auto& [box, score, label] : found) {
    check_matched_label(label, classes);
    if (std::isnan(score)) {
      throw_argument_error(kMatches, "a score must be a number", "NaN",
                           "see whether the training diverged");
    }
  }
}

/// The objects of each class, crowds last.
std::vector<Objects> objects_by_class(
    const std::vector<data::AnnotatedObject>& meant, std::size_t classes) {
  std::vector<Objects> objects(classes);
  for (const bool crowds : {false, true}) {
    for (const auto& object : meant) {
      if (object.crowd != crowds) continue;
      objects[static_cast<std::size_t>(object.label)].push_back(&object);
    }
  }
  return objects;
}

}  // namespace

const std::vector<double>& iou_thresholds(Protocol protocol) {
  static const std::vector<double> voc = {0.5};
  static const auto coco = [] {
    // numpy's linspace(.5, .95, 10), to the bit.
    std::vector<double> thresholds(10);
    for (std::size_t i = 0; i < thresholds.size(); ++i) {
      thresholds[i] = 0.5 + static_cast<double>(i) * ((0.95 - 0.5) / 9);
    }
    thresholds.back() = 0.95;
    return thresholds;
  }();
  return protocol == Protocol::kVoc ? voc : coco;
}

DetectionMatches::DetectionMatches(std::int64_t classes, Protocol protocol)
    : protocol_(protocol) {
  if (classes < 1 || classes > kMaxMatchedClasses) {
    throw_argument_error(
        kMatches, "classes must be 1 to " + std::to_string(kMaxMatchedClasses),
        std::to_string(classes));
  }
  meant_.assign(static_cast<std::size_t>(classes), 0);
}

void DetectionMatches::add(std::int64_t image,
                           const std::vector<Detection>& found,
                           const std::vector<data::AnnotatedObject>& meant) {
  check_matched_image(image, found, meant, classes());
  const auto objects = objects_by_class(meant, meant_.size());
  for (const auto& object : meant) {
    const bool counts =
        !object.crowd && !(protocol_ == Protocol::kVoc && object.difficult);
    if (counts) ++meant_[static_cast<std::size_t>(object.label)];
  }
  const auto places = places_by_class(found);
  const auto& thresholds = iou_thresholds(protocol_);
  std::vector<MatchedDetection> matched;
  for (std::size_t begin = 0, end = 0; begin < places.size(); begin = end) {
    const auto label = found[places[begin]].label;
    while (end < places.size() && found[places[end]].label == label) ++end;
    auto count = end - begin;
    if (protocol_ == Protocol::kCoco) {
      count = std::min(count, kCocoMaxDetections);
    }
    matched.clear();
    for (std::size_t i = begin; i < begin + count; ++i) {
      matched.push_back({found[places[i]].score,
                         static_cast<std::uint32_t>(image),
                         static_cast<std::uint16_t>(places[i]),
                         static_cast<std::uint16_t>(label), 0, 0});
    }
    const Candidates candidates = {&found, places.data() + begin};
    const auto& of_class = objects[static_cast<std::size_t>(label)];
    if (protocol_ == Protocol::kVoc) {
      match_as_voc(candidates, of_class, thresholds[0], matched);
    } else {
      match_as_coco(candidates, of_class, thresholds, matched);
    }
    found_.insert(found_.end(), matched.begin(), matched.end());
  }
}

void DetectionMatches::add(const std::vector<MatchedDetection>& found,
                           const std::vector<std::int64_t>& meant) {
  if (meant.size() != meant_.size()) {
    throw_argument_error(
        kMatches,
        "all parts must have " + std::to_string(meant_.size()) + " classes",
        std::to_string(meant.size()));
  }
  found_.insert(found_.end(), found.begin(), found.end());
  for (std::size_t i = 0; i < meant.size(); ++i) meant_[i] += meant[i];
}

}  // namespace expandnet::tasks
