// comparison.h: variants against the compact net, in numbers and words.
#pragma once

#include <expandnet/tasks/metrics.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "trainers/app/report/results.h"
#include "trainers/app/report/statistics.h"

namespace expandnet::examples {

/// Confidence of intervals, and one minus the level of verdicts.
inline constexpr double kConfidence = 0.95;

/// A variant minus the compact net, over the seeds that both have finished.
struct Comparison {
  std::string set;              ///< "test", or "validation" where there is none
  PairedDifference difference;  ///< of the selecting metric
  /// Variants that are compared. Of several, `adjusted` is the p value by
  /// Holm's correction; the interval is that of each by itself.
  std::int64_t variants = 1;
  std::optional<double> adjusted;

  /// Whether a difference was found at the level of 5 %, corrected.
  [[nodiscard]] bool is_clear() const;
};

/// By variant; none for the compact net, and where there is nothing to compare.
[[nodiscard]] std::vector<std::optional<Comparison>> compare_to_compact(
    const std::vector<VariantResult>& variants, const tasks::Metric& metric);

/// "+0.52, 95 % from +0.31 to +0.73, n = 5: better than compact"; shares in
/// percent.
[[nodiscard]] std::string verdict(const Comparison& comparison,
                                  const tasks::Metric& metric);

}  // namespace expandnet::examples
