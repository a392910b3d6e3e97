// step_result.h: what one way to train, or to run, costs.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/report.h"
#include "benchmarks/step/setup.h"
#include "measuring/timing.h"

namespace expandnet::examples::bench {

struct StepResult {
  Setup setup;
  std::string execution;
  /// "train", "infer"; of the overhead "pull-back", "update", "fold",
  /// and "products", which are in the first and the last of these.
  std::string phase;
  Quartiles ms;
  /// Not a number where compact was not timed.
  double ratio_to_compact = std::numeric_limits<double>::quiet_NaN();
  std::optional<std::int64_t> peak_bytes;
  /// Of training in weight space, where compact was run: its peak, and the
  /// factors with their gradients and momentum.
  std::optional<std::int64_t> expected_bytes;
  /// Of the same, the ratio to compact by the count of multiply-adds.
  std::optional<double> counted_ratio;
};

/// What all results of a setup share, in words.
std::string heading(const Setup& setup);
/// The heads of the columns of `row_of`.
const std::vector<std::string>& step_heads();
/// What was not measured is "-", and null in the file.
Row row_of(const StepResult& result);

}  // namespace expandnet::examples::bench
