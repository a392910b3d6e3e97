// annotation_checks.h: checks that all readers of annotations share.
#pragma once

#include <expandnet/data/sets/annotated_image.h>
#include <expandnet/data/sets/annotation_options.h>

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace expandnet::data {

/// A line in a file, for messages: `in line 3 of "path"`.
struct FileLine {
  std::string path;
  std::int64_t line = 0;

  [[nodiscard]] std::string text() const;
};

/// Throws an error for a fault, or counts it, according to the options.
class FaultCounter {
 public:
  FaultCounter(std::string where, Faults faults)
      : where_(std::move(where)), faults_(faults) {}

  void fault(const std::string& rule, const std::string& value,
             const std::string& remedy);
  /// Calls `read`; a `std::runtime_error` that it throws is a fault.
  template <typename Read>
  bool try_read(const std::string& rule, const Read& read);

  [[nodiscard]] const std::string& where() const { return where_; }
  [[nodiscard]] const std::map<std::string, std::int64_t>& skipped() const {
    return skipped_;
  }

 private:
  std::string where_;
  Faults faults_;
  std::map<std::string, std::int64_t> skipped_;
};

/// Clips a box that is less than a pixel outside the image. Returns whether the
/// result has an area and is inside the image; else it is a fault.
[[nodiscard]] bool check_box(Box& box, ImageSize image, const FileLine& line,
                             FaultCounter& faults);

/// Returns whether the image file exists and has the size that the annotation
/// states in `line`; else it is a fault.
[[nodiscard]] bool check_image(const AnnotatedImage& image, bool check_size,
                               const FileLine& line, FaultCounter& faults);

/// Assigns labels to the classes, and finds them by name.
class ClassLabels {
 public:
  explicit ClassLabels(std::vector<std::string> classes);

  [[nodiscard]] const std::vector<std::string>& classes() const {
    return classes_;
  }
  /// Returns -1 for an unknown class, which is a fault.
  [[nodiscard]] std::int64_t label(const std::string& name,
                                   const FileLine& line,
                                   FaultCounter& faults) const;

 private:
  std::vector<std::string> classes_;
  std::map<std::string, std::int64_t> labels_;
};

/// Throws if a set is empty; `what` names the missing elements.
void check_not_empty(bool is_empty, const std::string& what,
                     const std::map<std::string, std::int64_t>& skipped,
                     const std::string& where);
/// Throws unless the set has an image.
void check_not_empty(const AnnotatedSet& set, const std::string& where);

template <typename Read>
bool FaultCounter::try_read(const std::string& rule, const Read& read) {
  if (faults_ == Faults::kStop) {
    read();
    return true;
  }
  try {
    read();
    return true;
  } catch (const std::runtime_error&) {
    ++skipped_[rule];
    return false;
  }
}

}  // namespace expandnet::data
