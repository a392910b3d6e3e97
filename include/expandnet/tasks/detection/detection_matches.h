// detection_matches.h: which detections hit an object.
#pragma once

#include <expandnet/data/sets/annotated_image.h>
#include <expandnet/tasks/detection/boxes.h>

#include <cstdint>
#include <vector>

namespace expandnet::tasks {

/// Whose rules say what is a hit.
enum class Protocol {
  /// A detection, from the highest score down, takes the object of the highest
  /// IoU, which must be at least 0.5. A second detection of one object is
  /// false; one of a difficult object (or a crowd) does not count.
  kVoc,
  /// A detection takes the object of the highest IoU that no other has; for
  /// each of ten IoU from 0.5 to 0.95. Of a class the 100 best detections of an
  /// image count. One that meets only a crowd does not; its IoU is the share of
  /// its own area.
  kCoco,
};

/// The lowest IoU of a hit: one for VOC, ten for COCO.
[[nodiscard]] const std::vector<double>& iou_thresholds(Protocol protocol);

/// A detection and what became of it. Plain bytes, to be sent to other
/// processes.
struct MatchedDetection {
  float score = 0;
  std::uint32_t image = 0;
  std::uint16_t place = 0;  ///< in the image's list, for equal scores
  std::uint16_t label = 0;
  std::uint16_t hit = 0;      ///< a bit for each threshold
  std::uint16_t ignored = 0;  ///< likewise: neither hit nor miss
};

/// Gathers the detections of images, in any order and on any number of
/// processes: the precision that results is the same.
///
///     DetectionMatches matches(20, Protocol::kVoc);
///     for (...) matches.add(image, detections, objects);
///     average_precision(matches, Interpolation::kElevenPoints).mean;
class DetectionMatches {
 public:
  /// Throws `c10::Error` unless there are 1 to 65,536 classes.
  DetectionMatches(std::int64_t classes, Protocol protocol);

  /// Adds image number `image` of the set. Boxes of both are in the same unit,
  /// pixels for example.
  ///
  /// Throws `c10::Error` for a label that is no class, a score that is no
  /// number, more than 65,536 detections, and a number that is not 0 to
  /// 2^32 - 1.
  void add(std::int64_t image, const std::vector<Detection>& found,
           const std::vector<data::AnnotatedObject>& meant);
  /// Adds what another process has: its `found()` and `meant()`.
  void add(const std::vector<MatchedDetection>& found,
           const std::vector<std::int64_t>& meant);

  [[nodiscard]] Protocol protocol() const { return protocol_; }
  [[nodiscard]] std::int64_t classes() const {
    return static_cast<std::int64_t>(meant_.size());
  }
  [[nodiscard]] const std::vector<MatchedDetection>& found() const {
    return found_;
  }
  /// How many objects of each class there are to hit.
  [[nodiscard]] const std::vector<std::int64_t>& meant() const {
    return meant_;
  }

 private:
  Protocol protocol_;
  std::vector<MatchedDetection> found_;
  std::vector<std::int64_t> meant_;
};

}  // namespace expandnet::tasks
