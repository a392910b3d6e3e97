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

/// Throws for a fault or counts it, as the options say.
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
  /// What the first of each rule was.
  [[nodiscard]] const std::map<std::string, std::string>& first_skipped()
      const {
    return first_skipped_;
  }

 private:
  void skip(const std::string& rule, const std::string& what);

  std::string where_;
  Faults faults_;
  std::map<std::string, std::int64_t> skipped_;
  std::map<std::string, std::string> first_skipped_;
};

// Below, `place` says where in the files something stands: `in line 3 of "x"`.

/// Cuts off what is less than a pixel outside the image. Whether the rest has
/// an area and lies inside; else it is a fault.
[[nodiscard]] bool check_box(Box& box, ImageSize image,
                             const std::string& place, FaultCounter& faults);

/// Whether the image file is there and has the size that is stated; else it
/// is a fault.
[[nodiscard]] bool check_image(const AnnotatedImage& image, bool check_size,
                               const std::string& place, FaultCounter& faults);

/// Assigns labels to the classes, and finds them by name.
class ClassLabels {
 public:
  explicit ClassLabels(std::vector<std::string> classes);

  [[nodiscard]] const std::vector<std::string>& classes() const {
    return classes_;
  }
  /// Returns -1 for an unknown class, which is a fault.
  [[nodiscard]] std::int64_t label(const std::string& name,
                                   const std::string& place,
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
  } catch (const std::runtime_error& error) {
    skip(rule, error.what());
    return false;
  }
}

}  // namespace expandnet::data
