// annotation_options.h: how annotations of images are read.
#pragma once

#include <string>
#include <vector>

namespace expandnet::data {

/// What a reader does with annotations that are damaged or contradict
/// themselves or their images.
enum class Faults {
  kStop,  ///< throws `std::runtime_error` that names the file and the line
  kSkip,  ///< leaves the object or the image out, and counts it
};

struct AnnotationOptions {
  /// The classes in the order of their labels; another one is a fault. Empty:
  /// those that the annotations name, sorted by bytes (COCO: by their ids).
  std::vector<std::string> classes = {};
  Faults faults = Faults::kStop;
  /// Whether the size of every image is compared with the one that the
  /// annotation states, which takes a read of the file. Whether it is there is
  /// always looked at.
  bool check_sizes = true;
};

}  // namespace expandnet::data
