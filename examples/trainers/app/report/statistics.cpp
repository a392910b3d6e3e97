#include "trainers/app/report/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

namespace expandnet::examples {

namespace {

constexpr std::int64_t kFewestPairs = 3;

/// The continued fraction of the incomplete beta function, by Lentz's method;
/// it converges fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  constexpr int kMostTerms = 10000;
  const auto not_zero = [](double value) {
    return std::abs(value) < kTiny ? kTiny : value;
  };
  double c = 1;
  double d = 1 / not_zero(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int m = 1; m < kMostTerms; ++m) {
    double factor = 1;
    for (const auto term :
         {m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
          -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))}) {
      d = 1 / not_zero(1 + term * d);
      c = not_zero(1 + term / c);
      factor = c * d;
      fraction *= factor;
    }
    if (std::abs(factor - 1) <= kEpsilon) break;
  }
  return fraction;
}

}  // namespace

double incomplete_beta(double a, double b, double x, double y) {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incomplete_beta(b, a, y, x);
  const auto scale = std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                     a * std::log(x) + b * std::log(y);
  return std::exp(scale) * beta_fraction(a, b, x) / a;
}

double two_sided_p(double t, double degrees_of_freedom) {
  if (std::isinf(t)) return 0;
  const auto sum = degrees_of_freedom + t * t;
  return incomplete_beta(degrees_of_freedom / 2, 0.5, degrees_of_freedom / sum,
                         t * t / sum);
}

double t_quantile(double confidence, double degrees_of_freedom) {
  const auto outside = 1 - confidence;
  double low = 0, high = 1;
  while (two_sided_p(high, degrees_of_freedom) > outside) high *= 2;
  while (true) {
    const auto middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return middle;
    (two_sided_p(middle, degrees_of_freedom) > outside ? low : high) = middle;
  }
}

PairedDifference paired_difference(const std::vector<double>& values,
                                   const std::vector<double>& references,
                                   double confidence) {
  const auto count = std::min(values.size(), references.size());
  PairedDifference result;
  result.n = static_cast<std::int64_t>(count);
  if (count == 0) return result;
  const auto n = static_cast<double>(count);
  for (std::size_t i = 0; i < count; ++i) {
    result.mean += (values[i] - references[i]) / n;
  }
  if (result.n < kFewestPairs) return result;
  double squares = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto deviation = values[i] - references[i] - result.mean;
    squares += deviation * deviation;
  }
  const auto error = std::sqrt(squares / (n - 1) / n);
  const auto reach = t_quantile(confidence, n - 1) * error;
  result.low = result.mean - reach;
  result.high = result.mean + reach;
  // Without any spread every difference but none is certain.
  result.p = error > 0          ? two_sided_p(result.mean / error, n - 1)
             : result.mean == 0 ? 1
                                : 0;
  return result;
}

std::vector<double> holm(const std::vector<double>& p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    const auto scaled =
        static_cast<double>(order.size() - k) * p_values[order[k]];
    largest = std::min(1.0, std::max(largest, scaled));
    adjusted[order[k]] = largest;
  }
  return adjusted;
}

}  // namespace expandnet::examples
