#include "trainers/app/report/statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iomanip>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "python.h"

namespace expandnet::examples {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

/// Student's distribution in closed form: P(|T| <= t).
struct ClosedForm {
  double degrees_of_freedom;
  std::function<double(double)> inside;
};

const std::vector<ClosedForm>& closed_forms() {
  static const std::vector<ClosedForm> forms = {
      {1, [](double t) { return 2 * std::atan(t) / kPi; }},
      {2, [](double t) { return t / std::sqrt(2 + t * t); }},
      {3,
       [](double t) {
         const auto u = t / std::sqrt(3.0);
         return 2 / kPi * (u / (1 + u * u) + std::atan(u));
       }},
      {4, [](double t) {
         const auto s = t * t / (4 + t * t);
         return std::sqrt(s) * (3 - s) / 2;
       }}};
  return forms;
}

TEST(StudentsT, IsItsClosedFormWhereThereIsOne) {
  for (const auto& form : closed_forms()) {
    for (const double t : {1e-6, 0.1, 0.7, 1.0, 2.5, 10.0, 300.0}) {
      // The complement of a number near 1 has the rounding of that number.
      EXPECT_NEAR(two_sided_p(t, form.degrees_of_freedom), 1 - form.inside(t),
                  64 * kEpsilon)
          << form.degrees_of_freedom << " " << t;
      EXPECT_EQ(two_sided_p(-t, form.degrees_of_freedom),
                two_sided_p(t, form.degrees_of_freedom));
    }
    EXPECT_EQ(two_sided_p(0, form.degrees_of_freedom), 1);
    EXPECT_EQ(two_sided_p(std::numeric_limits<double>::infinity(),
                          form.degrees_of_freedom),
              0);
  }
}

TEST(StudentsT, HasItsTailToManyDigits) {
  // Of two degrees of freedom: 1 - t / sqrt(2 + t^2) = 1 / t^2 - 3 / (2 t^4).
  const double t = 1e6;
  EXPECT_NEAR(two_sided_p(t, 2) * t * t, 1 - 1.5 / (t * t), 1e-13);
}

TEST(StudentsT, HasTheQuantilesOfItsDistribution) {
  for (const auto& form : closed_forms()) {
    for (const double confidence : {0.5, 0.9, 0.95, 0.999}) {
      EXPECT_NEAR(form.inside(t_quantile(confidence, form.degrees_of_freedom)),
                  confidence, 64 * kEpsilon);
    }
  }
}

TEST(StudentsT, BecomesTheNormalDistribution) {
  // Cornish-Fisher: t = z + (z^3 + z) / (4 n) + O(1 / n^2).
  const double z = 1.959963984540054, n = 1e6;
  EXPECT_NEAR(t_quantile(0.95, n), z + (z * z * z + z) / (4 * n), 1e-9);
}

TEST(IncompleteBeta, IsSymmetricAndThePowersThatItIs) {
  std::mt19937 random(0);
  std::uniform_real_distribution<double> shape(0.1, 20), unit(0.01, 0.99);
  for (int i = 0; i < 1000; ++i) {
    const auto a = shape(random), b = shape(random), x = unit(random);
    const auto sum =
        incomplete_beta(a, b, x, 1 - x) + incomplete_beta(b, a, 1 - x, x);
    EXPECT_NEAR(sum, 1, 1e-12);
    EXPECT_NEAR(incomplete_beta(a, 1, x, 1 - x), std::pow(x, a), 1e-13);
  }
}

TEST(PairedDifferences, HaveAnIntervalThatIsRight) {
  // Differences 1, 1, 0, 2: mean 1, stddev sqrt(2 / 3), error sqrt(1 / 6).
  const auto found = paired_difference({1, 2, 3, 5}, {0, 1, 3, 3});
  EXPECT_EQ(found.n, 4);
  EXPECT_DOUBLE_EQ(found.mean, 1);
  const auto reach = 3.182446305284263 / std::sqrt(6.0);  // t of 3, .975
  EXPECT_NEAR(*found.low, 1 - reach, 1e-12);
  EXPECT_NEAR(*found.high, 1 + reach, 1e-12);
  // The interval ends where the p value is 0.05.
  const auto moved = paired_difference(
      {1 - reach, 2 - reach, 3 - reach, 5 - reach}, {0, 1, 3, 3});
  EXPECT_NEAR(
      *paired_difference({reach, 1 + reach, 2 + reach, 4 + reach}, {0, 1, 3, 3})
           .p,
      0.05, 1e-12);
  EXPECT_NEAR(*moved.high, 1, 1e-12);
}

TEST(PairedDifferences, CoverTheTruthAsOftenAsTheySay) {
  std::mt19937 random(1);
  std::normal_distribution<double> noise(0, 2), shared(0, 100);
  constexpr int kTries = 4000;
  int covered = 0;
  for (int i = 0; i < kTries; ++i) {
    std::vector<double> values, references;
    for (int seed = 0; seed < 5; ++seed) {
      // What a seed does to both, however large, is not in the difference.
      const auto of_seed = shared(random);
      references.push_back(of_seed + noise(random));
      values.push_back(of_seed + noise(random) + 0.5);
    }
    const auto found = paired_difference(values, references);
    covered += *found.low <= 0.5 && 0.5 <= *found.high ? 1 : 0;
  }
  // Six standard errors of a share of 0.95.
  EXPECT_NEAR(covered / static_cast<double>(kTries), 0.95,
              6 * std::sqrt(0.95 * 0.05 / kTries));
}

TEST(PairedDifferences, OfFewPairsHaveNoInterval) {
  for (const std::vector<double>& values :
       {std::vector<double>{}, {1.0}, {1.0, 2.0}}) {
    const auto found =
        paired_difference(values, std::vector<double>(values.size()));
    EXPECT_EQ(found.n, static_cast<std::int64_t>(values.size()));
    EXPECT_FALSE(found.low || found.high || found.p);
  }
  EXPECT_DOUBLE_EQ(paired_difference({1, 2}, {0, 0}).mean, 1.5);
}

TEST(PairedDifferences, WithoutSpreadAreCertain) {
  const auto same = paired_difference({1, 2, 3}, {1, 2, 3});
  EXPECT_EQ(*same.p, 1);
  EXPECT_EQ(*same.low, 0);
  const auto other = paired_difference({2, 3, 4}, {1, 2, 3});
  EXPECT_EQ(*other.p, 0);
  EXPECT_EQ(*other.high, 1);
}

TEST(Holm, AdjustsAsByHand) {
  // Sorted .005, .01, .03, .04: times 4, 3, 2, 1; the last may not be below the
  // one before.
  const auto adjusted = holm({0.01, 0.04, 0.03, 0.005});
  const std::vector<double> expected = {0.03, 0.06, 0.06, 0.02};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(adjusted[i], expected[i], 1e-15);
  }
  EXPECT_EQ(holm({0.2}), std::vector<double>{0.2});
  EXPECT_EQ(holm({0.9, 0.8}), (std::vector<double>{1, 1}));
  EXPECT_TRUE(holm({}).empty());
}

/// By the definition: whether hypothesis i is rejected at a level.
bool is_rejected(const std::vector<double>& p, std::size_t i, double level) {
  auto sorted = p;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t k = 0; k < sorted.size(); ++k) {
    if (sorted[k] * static_cast<double>(sorted.size() - k) > level)
      return false;
    if (sorted[k] == p[i]) return true;
  }
  return false;
}

TEST(Holm, RejectsWhatTheStepDownProcedureDoes) {
  std::mt19937 random(2);
  std::uniform_real_distribution<double> unit(0, 0.2);
  for (int i = 0; i < 500; ++i) {
    std::vector<double> p(1 + random() % 6);
    for (auto& value : p) value = unit(random);
    const auto adjusted = holm(p);
    for (std::size_t j = 0; j < p.size(); ++j) {
      for (const double level : {0.01, 0.05, 0.1}) {
        EXPECT_EQ(adjusted[j] <= level, is_rejected(p, j, level));
      }
    }
  }
}

/// What SciPy computes is written by it, one number a line.
constexpr const char* kScipy = R"py(
import sys
from scipy import special, stats
lines = [list(map(float, line.split())) for line in open(sys.argv[1])]
with open(sys.argv[2], "w") as out:
    for kind, a, b in lines:
        value = stats.t.interval(a, b)[1] if kind == 0 else 2 * stats.t.sf(a, b)
        out.write(f"{float(value)!r}\n")
    values, references = [.81, .83, .80, .85, .82], [.80, .81, .81, .82, .80]
    test = stats.ttest_rel(values, references)
    ends = test.confidence_interval(0.95)
    for value in (ends.low, ends.high, test.pvalue):
        out.write(f"{float(value)!r}\n")
)py";

TEST(Statistics, AreThoseOfScipy) {
  using testing::python_has, testing::python_lacks, testing::run_python;
  if (!python_has("scipy.stats")) GTEST_SKIP() << python_lacks("scipy.stats");
  const auto folder = std::filesystem::path(::testing::TempDir());
  const auto asked = (folder / "expandnet_scipy_in").string();
  const auto told = (folder / "expandnet_scipy_out").string();
  std::vector<double> ours;
  {
    std::ofstream lines(asked);
    lines << std::setprecision(17);
    for (const double degrees : {1., 2., 3., 4., 9., 29., 1000.}) {
      for (const double confidence : {0.5, 0.9, 0.95, 0.99, 0.999}) {
        lines << "0 " << confidence << " " << degrees << "\n";
        ours.push_back(t_quantile(confidence, degrees));
      }
      for (const double t : {0.01, 0.5, 1.0, 2.0, 5.0, 40.0}) {
        lines << "1 " << t << " " << degrees << "\n";
        ours.push_back(two_sided_p(t, degrees));
      }
    }
  }
  const auto paired =
      paired_difference({.81, .83, .80, .85, .82}, {.80, .81, .81, .82, .80});
  for (const auto& value : {paired.low, paired.high, paired.p}) {
    ours.push_back(*value);
  }
  ASSERT_TRUE(run_python({"-c", kScipy, asked, told}));
  std::ifstream lines(told);
  for (const auto value : ours) {
    double theirs = 0;
    ASSERT_TRUE(lines >> theirs);
    // SciPy's own quantiles are good to about this.
    EXPECT_NEAR(value, theirs, 1e-9 * std::abs(theirs));
  }
  std::filesystem::remove(asked);
  std::filesystem::remove(told);
}

}  // namespace
}  // namespace expandnet::examples
