// statistics.h: whether a difference between two variants is more than chance.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace expandnet::examples {

/// The regularized incomplete beta function I_x(a, b) with y = 1 - x, which the
/// caller may know better than it can be computed from x; a and b are positive.
[[nodiscard]] double incomplete_beta(double a, double b, double x, double y);

/// P(|T| >= |t|) of Student's t distribution.
[[nodiscard]] double two_sided_p(double t, double degrees_of_freedom);

/// The t with P(|T| <= t) = `confidence`, which is from 0 to below 1.
[[nodiscard]] double t_quantile(double confidence, double degrees_of_freedom);

/// What pairs of values tell of the mean of their difference. The pairs are
/// taken for independent, the differences for normally distributed.
struct PairedDifference {
  std::int64_t n = 0;
  double mean = 0;
  /// The ends of the confidence interval, mean ± t s / sqrt(n), and the p value
  /// of no difference; none for n < 3, which is too few to tell.
  std::optional<double> low, high, p;
};

/// `values` minus `references`, by place. Of no pairs the mean is 0.
[[nodiscard]] PairedDifference paired_difference(
    const std::vector<double>& values, const std::vector<double>& references,
    double confidence = 0.95);

/// Holm's adjusted p values (1979), in the order given: with the k-th smallest
/// of m multiplied by m - k + 1, at least as large as the smaller ones, at most
/// 1. Calling those below a level different errs in any of them with a
/// probability of at most that level.
[[nodiscard]] std::vector<double> holm(const std::vector<double>& p_values);

}  // namespace expandnet::examples
