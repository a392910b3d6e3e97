#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <expandnet/analysis/gradient_confusion.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <string>
#include <vector>

#include "python.h"
#include "testing.h"

namespace expandnet::analysis {
namespace {

using expandnet::testing::error_of;

TEST(GradientVectors, AreGradientsOneAfterAnother) {
  auto a = at::zeros({2, 2}), b = at::zeros({3}), c = at::zeros({1});
  for (auto* parameter : {&a, &b, &c}) parameter->requires_grad_();
  a.mutable_grad() = at::tensor({1.0F, 2.0F, 3.0F, 4.0F}).view({2, 2}).t();
  c.mutable_grad() = at::tensor({9.0F});
  EXPECT_TRUE(gradient_vector({a, b, c}).equal(
      at::tensor({1., 3., 2., 4., 0., 0., 0., 9.}, at::kDouble)));
  EXPECT_EQ(gradient_vector({}).numel(), 0);
}

TEST(Cosines, AreOfTheAngle) {
  const auto vector = [](std::vector<double> values) {
    return at::tensor(values, at::kDouble);
  };
  EXPECT_NEAR(cosine(vector({1, 0}), vector({1, 1})), std::sqrt(0.5), 1e-15);
  EXPECT_EQ(cosine(vector({2, 0}), vector({-3, 0})), -1);
  EXPECT_EQ(cosine(vector({1, 0}), vector({0, 5})), 0);
  EXPECT_EQ(cosine(vector({0, 0}), vector({1, 0})), 0);
  EXPECT_EQ(error_of([&] {
              (void)cosine(vector({1}), vector({1, 2}));
            }),
            "cosine: must be two vectors of doubles, got [1] and [2]");
}

TEST(ConfusionSummaries, HaveQuantilesAndShares) {
  std::vector<double> cosines;
  for (int i = 20; i >= 0; --i) cosines.push_back((i - 5) / 20.0);
  const auto summary = summarize_confusion(cosines);
  EXPECT_EQ(summary.pairs, 21);
  EXPECT_EQ(summary.minimum, -0.25);
  EXPECT_NEAR(summary.low, -0.2, 1e-15);
  EXPECT_NEAR(summary.median, 0.25, 1e-15);
  EXPECT_NEAR(summary.mean, 0.25, 1e-15);
  EXPECT_NEAR(summary.negative, 5.0 / 21, 1e-15);
  EXPECT_EQ(error_of([] { (void)summarize_confusion({}); }),
            "summarize_confusion: there must be a cosine, got none");
  EXPECT_EQ(error_of([] {
              (void)summarize_confusion({0.5, std::nan("")});
            }),
            "summarize_confusion: cosines must be numbers, got one that is "
            "none");
}

TEST(KernelDensities, AreSumsOfBells) {
  const std::vector<double> samples = {-1, 1};
  const auto density = kernel_density(samples, {0, 1});
  EXPECT_NEAR(density.bandwidth, std::sqrt(2.0) * std::pow(2.0, -0.2), 1e-15);
  const auto bell = [&](double distance) {
    return std::exp(-std::pow(distance / density.bandwidth, 2) / 2) /
           (density.bandwidth * std::sqrt(2 * std::acos(-1.0)));
  };
  EXPECT_NEAR(density.heights[0], bell(1), 1e-15);
  EXPECT_NEAR(density.heights[1], (bell(0) + bell(2)) / 2, 1e-15);
}

TEST(KernelDensities, HaveAnAreaOfOne) {
  std::vector<double> points;
  for (int i = 0; i <= 4000; ++i) points.push_back(-10 + i / 200.0);
  const auto density = kernel_density({-0.3, 0.1, 0.15, 0.9}, points);
  double area = 0;
  for (const auto height : density.heights) area += height / 200;
  EXPECT_NEAR(area, 1, 1e-9);
}

/// What SciPy computes is written by it, one number a line.
constexpr const char* kScipyDensity = R"py(
import sys
from scipy import stats
lines = [list(map(float, line.split())) for line in open(sys.argv[1])]
density = stats.gaussian_kde(lines[0])
with open(sys.argv[2], "w") as out:
    for value in density(lines[1]):
        out.write(f"{float(value)!r}\n")
    out.write(f"{float(density.covariance[0, 0]) ** 0.5!r}\n")
)py";

TEST(KernelDensities, AreThoseOfScipy) {
  using expandnet::testing::python_has, expandnet::testing::python_lacks,
      expandnet::testing::run_python;
  if (!python_has("scipy.stats")) GTEST_SKIP() << python_lacks("scipy.stats");
  std::vector<double> samples, points;
  for (int i = 0; i < 40; ++i) samples.push_back(std::sin(i * i) * 0.4 + 0.1);
  for (int i = -10; i <= 10; ++i) points.push_back(i / 10.0);
  const auto folder = std::filesystem::path(::testing::TempDir());
  const auto asked = (folder / "expandnet_density_in").string();
  const auto told = (folder / "expandnet_density_out").string();
  {
    std::ofstream lines(asked);
    lines << std::setprecision(17);
    for (const auto* values : {&samples, &points}) {
      for (const auto value : *values) lines << value << " ";
      lines << "\n";
    }
  }
  ASSERT_TRUE(run_python({"-c", kScipyDensity, asked, told}));
  auto [bandwidth, ours] = kernel_density(samples, points);
  ours.push_back(bandwidth);
  std::ifstream lines(told);
  for (const auto value : ours) {
    double theirs = 0;
    ASSERT_TRUE(lines >> theirs);
    // Sums of forty terms, in another order.
    EXPECT_NEAR(value, theirs, 1e-12);
  }
  std::filesystem::remove(asked);
  std::filesystem::remove(told);
}

TEST(KernelDensities, RefuseSamplesWithoutABandwidth) {
  EXPECT_EQ(error_of([] { (void)kernel_density({1}, {0}); }),
            "kernel_density: there must be two samples, got 1");
  EXPECT_EQ(error_of([] {
              (void)kernel_density({0.5, 0.5, 0.5}, {0});
            }),
            "kernel_density: samples must differ, got 3 that are all 0.500000");
}

}  // namespace
}  // namespace expandnet::analysis
