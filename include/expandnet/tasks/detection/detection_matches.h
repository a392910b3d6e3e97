// detection_matches.h: matches detections with objects.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/sets/annotated_image.h>
#include <expandnet/tasks/detection/boxes.h>

#include <cstdint>
#include <vector>

namespace expandnet::tasks {

/// The rules that decide whether a detection is a hit.
enum class Protocol {
  /// From the highest score down, each detection is matched with the object of
  /// highest IoU, which must be at least 0.5. A second detection of the same
  /// object is a false positive; one of a difficult object (or a crowd) does
  /// not count.
  kVoc,
  /// Each detection is matched with the object of highest IoU that is not
  /// matched yet, separately for ten IoU thresholds from 0.5 to 0.95. Per image
  /// and class, only the 100 best detections count. A detection that matches
  /// only a crowd does not count; its IoU with a crowd is the covered share of
  /// its own area.
  kCoco,
};

/// The lowest IoU of a hit: one threshold for VOC, ten for COCO.
[[nodiscard]] EXPANDNET_API const std::vector<double>& iou_thresholds(
    Protocol protocol);

/// A detection and the result of its matching. Trivially copyable, so that it
/// can be sent to other processes.
struct MatchedDetection {
  float score = 0;
  std::uint32_t image = 0;
  std::uint16_t place = 0;  ///< in the image's list; orders equal scores
  std::uint16_t label = 0;
  std::uint16_t hit = 0;      ///< one bit per threshold
  std::uint16_t ignored = 0;  ///< one bit per threshold: neither hit nor miss
};

/// Collects the detections of images. The resulting precision does not depend
/// on the order of images or the number of processes.
///
///     DetectionMatches matches(20, Protocol::kVoc);
///     for (...) matches.add(image, detections, objects);
///     average_precision(matches, Interpolation::kElevenPoints).mean;
class EXPANDNET_API DetectionMatches {
 public:
  /// Throws `c10::Error` unless there are 1 to 65,536 classes.
  DetectionMatches(std::int64_t classes, Protocol protocol);

  /// Adds the detections and objects of image number `image` of the set. All
  /// boxes are in the same unit, for example pixels.
  ///
  /// Throws `c10::Error` for a label that is not a class, a NaN score, more
  /// than 65,536 detections, and an image number outside of 0 to 2^32 - 1.
  void add(std::int64_t image, const std::vector<Detection>& found,
           const std::vector<data::AnnotatedObject>& meant);
  /// Adds the `found()` and `meant()` of another process.
  void add(const std::vector<MatchedDetection>& found,
           const std::vector<std::int64_t>& meant);

  [[nodiscard]] Protocol protocol() const { return protocol_; }
  [[nodiscard]] std::int64_t classes() const {
    return static_cast<std::int64_t>(meant_.size());
  }
  [[nodiscard]] const std::vector<MatchedDetection>& found() const {
    return found_;
  }
  /// Number of objects of each class that can be hit.
  [[nodiscard]] const std::vector<std::int64_t>& meant() const {
    return meant_;
  }

 private:
  Protocol protocol_;
  std::vector<MatchedDetection> found_;
  std::vector<std::int64_t> meant_;
};

}  // namespace expandnet::tasks
