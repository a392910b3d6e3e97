// statistics.h: tests whether the difference of two variants is significant.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace expandnet::examples {

/// The regularized incomplete beta function I_x(a, b). y = 1 - x is passed too,
/// because the caller may know it more exactly than 1 - x can be computed. a
/// and b are positive.
[[nodiscard]] double incomplete_beta(double a, double b, double x, double y);

/// P(|T| >= |t|) of Student's t distribution.
[[nodiscard]] double two_sided_p(double t, double degrees_of_freedom);

/// The t with P(|T| <= t) = `confidence`; 0 <= confidence < 1.
[[nodiscard]] double t_quantile(double confidence, double degrees_of_freedom);

/// The mean difference of pairs of values, with its confidence interval.
/// Assumes independent pairs with normally distributed differences.
struct PairedDifference {
  std::int64_t n = 0;
  double mean = 0;
  /// The ends of the confidence interval, mean ± t s / sqrt(n), and the p value
  /// of the hypothesis of no difference; absent for n < 3, which is too few.
  std::optional<double> low, high, p;
};

/// `values[i]` minus `references[i]`. The mean of no pairs is 0.
[[nodiscard]] PairedDifference paired_difference(
    const std::vector<double>& values, const std::vector<double>& references,
    double confidence = 0.95);

/// Holm's adjusted p values (1979), in the given order: the k-th smallest of m
/// is multiplied by m - k + 1, and is at least as large as the smaller ones and
/// at most 1. Calling all differences below a level significant is wrong for
/// any of them with at most that probability.
[[nodiscard]] std::vector<double> holm(const std::vector<double>& p_values);

}  // namespace expandnet::examples
