// class_scores.h: a metric for each class. Needs no LibTorch.
#pragma once

#include <expandnet/tasks/metrics.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace expandnet::tasks {

struct ClassScore {
  /// Absent if undefined: the targets do not have the class (AP), or neither
  /// targets nor predictions have it (IoU).
  std::optional<double> value;
  /// Heights of the curve at 0, 1 / (n - 1) ... 1; may be empty.
  std::vector<double> curve;
};
inline bool operator==(const ClassScore& a, const ClassScore& b) {
  return a.value == b.value && a.curve == b.curve;
}

/// A number for each class, and optionally the curve behind it.
struct ClassScores {
  Metric metric;  ///< {"ap", "AP"}
  /// Names of the curves' axes: "recall", "precision".
  std::string x;
  std::string y;
  std::vector<ClassScore> classes;  ///< in the order of labels
};

}  // namespace expandnet::tasks
