// annotation_options.h: options for reading annotations.
#pragma once

#include <string>
#include <vector>

namespace expandnet::data {

/// How a reader handles faults: annotations that are damaged or contradict
/// themselves or their images.
enum class Faults {
  kStop,  ///< throws `std::runtime_error` with file and line
  kSkip,  ///< leaves out the object or the image, and counts it
};

struct AnnotationOptions {
  /// The classes in the order of their labels; any other class is a fault.
  /// Empty: all classes in the annotations, sorted by bytes (COCO: by their
  /// ids).
  std::vector<std::string> classes = {};
  Faults faults = Faults::kStop;
  /// Whether to compare the size of every image file with the size in its
  /// annotation, which reads the file. The existence of the file is always
  /// checked.
  bool check_sizes = true;
};

}  // namespace expandnet::data
