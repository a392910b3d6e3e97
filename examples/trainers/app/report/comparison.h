// comparison.h: compares variants with the compact net.
#pragma once

#include <expandnet/tasks/metrics.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "trainers/app/report/results.h"
#include "trainers/app/report/statistics.h"

namespace expandnet::examples {

/// Confidence of intervals; verdicts use the level 1 - kConfidence.
inline constexpr double kConfidence = 0.95;

/// The difference between a variant and the compact net, over the seeds that
/// both have finished.
struct Comparison {
  std::string set;              ///< "test", or "validation" without a test set
  PairedDifference difference;  ///< of the selecting metric
  /// Number of variants that are compared. If there are several, `adjusted` is
  /// the p value with Holm's correction; the interval is not corrected.
  std::int64_t variants = 1;
  std::optional<double> adjusted;

  /// Whether the corrected difference is significant at the 5 % level.
  [[nodiscard]] bool is_clear() const;
};

/// Returns a comparison for each variant; absent for the compact net and if
/// there is nothing to compare.
[[nodiscard]] std::vector<std::optional<Comparison>> compare_to_compact(
    const std::vector<VariantResult>& variants, const tasks::Metric& metric);

/// Returns "+0.52, 95 % from +0.31 to +0.73, n = 5: better than compact";
/// shares are in percent.
[[nodiscard]] std::string verdict(const Comparison& comparison,
                                  const tasks::Metric& metric);

}  // namespace expandnet::examples
