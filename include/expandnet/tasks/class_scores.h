// class_scores.h: how well a net does on each class. Needs no LibTorch.
#pragma once

#include <expandnet/tasks/metrics.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace expandnet::tasks {

struct ClassScore {
  /// Absent: nothing of the class is meant, or was found where it need not be.
  std::optional<double> value;
  /// The heights at 0, 1 / (n - 1) ... 1; may be none.
  std::vector<double> curve;
};
inline bool operator==(const ClassScore& a, const ClassScore& b) {
  return a.value == b.value && a.curve == b.curve;
}

/// A number for each class, and maybe the curve that it comes from.
struct ClassScores {
  Metric metric;  ///< {"ap", "AP"}
  /// What the axes of the curves are: "recall", "precision".
  std::string x;
  std::string y;
  std::vector<ClassScore> classes;  ///< by label
};

}  // namespace expandnet::tasks
