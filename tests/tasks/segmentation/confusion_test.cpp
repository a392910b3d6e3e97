#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <expandnet/tasks/segmentation/confusion.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <cstddef>
#include <vector>

#include "testing.h"

namespace expandnet::tasks {
namespace {

using expandnet::testing::error_of;

at::Tensor matrix(std::int64_t classes) {
  return at::zeros({classes, classes}, at::kDouble);
}

/// Labels of 0 to classes - 1, and some that are 255.
at::Tensor random_labels(std::int64_t classes) {
  const auto labels = at::randint(classes, {2, 9, 7}, at::kLong);
  return at::where(at::randint(5, {2, 9, 7}).eq(0), 255, labels);
}

/// The same as `count_confusion`, a pixel at a time.
at::Tensor counted_one_by_one(const at::Tensor& found, const at::Tensor& meant,
                              std::int64_t classes) {
  auto counts = matrix(classes);
  for (std::int64_t i = 0; i < meant.numel(); ++i) {
    const auto row = meant.flatten()[i].item<std::int64_t>();
    if (row == 255) continue;
    counts[row][found.flatten()[i].item<std::int64_t>()] += 1;
  }
  return counts;
}

TEST(Confusion, CountsPixelsOfAnyIntegerType) {
  torch::manual_seed(0);
  const auto meant = random_labels(4);
  const auto found = at::randint(4, {2, 9, 7}, at::kLong);
  const auto expected = counted_one_by_one(found, meant, 4);
  for (const auto found_type : {at::kLong, at::kInt, at::kByte}) {
    for (const auto meant_type : {at::kLong, at::kShort, at::kByte}) {
      auto counts = matrix(4);
      count_confusion(counts, found.to(found_type), meant.to(meant_type));
      EXPECT_TRUE(counts.equal(expected)) << found_type << meant_type;
    }
  }
}

TEST(Confusion, AddsToWhatIsThere) {
  torch::manual_seed(0);
  const auto meant = random_labels(3);
  const auto found = at::randint(3, {2, 9, 7}, at::kLong);
  auto halves = matrix(3);
  count_confusion(halves, found[0], meant[0]);
  count_confusion(halves, found[1], meant[1]);
  EXPECT_TRUE(halves.equal(counted_one_by_one(found, meant, 3)));
}

TEST(Confusion, LeavesOutAClassThatIsIgnored) {
  auto counts = matrix(2);
  count_confusion(counts, at::tensor({0, 1, 1}), at::tensor({0, 0, 1}),
                  /*ignored=*/0);
  EXPECT_TRUE(counts.equal(at::tensor({0., 0., 0., 1.}).view({2, 2})));
}

TEST(SegmentationScores, AreThoseOfTheMatrix) {
  // Class 0: 3 right, 1 taken for 1. Class 1: 2 right. Class 2: 2 taken for 0.
  const auto counts =
      at::tensor({3., 1., 0., 0., 2., 0., 2., 0., 0.}).view({3, 3});
  const auto scores = segmentation_scores(counts);
  EXPECT_DOUBLE_EQ(scores.iou[0].value(), 3. / 6);
  EXPECT_DOUBLE_EQ(scores.iou[1].value(), 2. / 3);
  EXPECT_DOUBLE_EQ(scores.iou[2].value(), 0);
  EXPECT_DOUBLE_EQ(scores.mean_iou, (3. / 6 + 2. / 3 + 0) / 3);
  EXPECT_DOUBLE_EQ(scores.mean_recall, (3. / 4 + 1 + 0) / 3);
  EXPECT_FALSE(scores.precision[2].has_value());  // nothing was found as it
  EXPECT_DOUBLE_EQ(scores.mean_precision, (3. / 5 + 2. / 3) / 2);
  EXPECT_DOUBLE_EQ(scores.pixel_accuracy, 5. / 8);
}

/// The mean of `part / all` over the classes that have such a share.
double mean_share(const std::vector<double>& part,
                  const std::vector<double>& all) {
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (all[i] == 0) continue;
    sum += part[i] / all[i];
    ++count;
  }
  return sum / count;
}

// Means over classes, computed from pairs of a pixel's two labels.
TEST(SegmentationScores, AreThoseOfPixelsCountedOneByOne) {
  torch::manual_seed(0);
  for (const std::int64_t classes : {1, 2, 3, 7, 20}) {
    // Many classes have no pixel of some kind.
    const auto meant = at::randint(classes, {25}, at::kLong);
    const auto found = at::where(at::randint(2, {25}).eq(0), meant,
                                 at::randint(classes, {25}, at::kLong));
    const auto size = static_cast<std::size_t>(classes);
    std::vector<double> both(size), either(size), as_meant(size),
        as_found(size);
    double right = 0;
    for (std::int64_t i = 0; i < meant.numel(); ++i) {
      const auto a = static_cast<std::size_t>(meant[i].item<std::int64_t>());
      const auto b = static_cast<std::size_t>(found[i].item<std::int64_t>());
      ++as_meant[a];
      ++as_found[b];
      ++either[a];
      if (a == b) {
        ++both[a];
        ++right;
      } else {
        ++either[b];
      }
    }
    auto counts = matrix(classes);
    count_confusion(counts, found, meant);
    const auto scores = segmentation_scores(counts);
    EXPECT_DOUBLE_EQ(scores.mean_iou, mean_share(both, either)) << classes;
    EXPECT_DOUBLE_EQ(scores.mean_recall, mean_share(both, as_meant));
    EXPECT_DOUBLE_EQ(scores.mean_precision, mean_share(both, as_found));
    EXPECT_DOUBLE_EQ(scores.pixel_accuracy, right / 25);
  }
}

TEST(SegmentationScores, LeaveOutAnAbsentClass) {
  // Class 1 is neither meant nor found; class 2 is only found.
  const auto counts =
      at::tensor({3., 0., 1., 0., 0., 0., 0., 0., 0.}).view({3, 3});
  const auto scores = segmentation_scores(counts);
  EXPECT_FALSE(scores.iou[1].has_value());
  EXPECT_DOUBLE_EQ(scores.iou[2].value(), 0);
  EXPECT_DOUBLE_EQ(scores.mean_iou, (3. / 4 + 0) / 2);
  EXPECT_FALSE(scores.recall[2].has_value());
  EXPECT_DOUBLE_EQ(scores.mean_recall, 3. / 4);
  EXPECT_DOUBLE_EQ(scores.mean_precision, (1. + 0) / 2);
}

TEST(SegmentationScores, AreNoNumbersWhereAllIsIgnored) {
  auto counts = matrix(2);
  count_confusion(counts, at::zeros({5}, at::kLong),
                  at::full({5}, 255, at::kLong));
  const auto scores = segmentation_scores(counts);
  EXPECT_TRUE(std::isnan(scores.mean_iou));
  EXPECT_TRUE(std::isnan(scores.mean_recall));
  EXPECT_TRUE(std::isnan(scores.mean_precision));
  EXPECT_TRUE(std::isnan(scores.pixel_accuracy));
}

TEST(ConfusionErrors, NameTheValue) {
  const auto counts = matrix(2);
  EXPECT_EQ(error_of([&] {
              count_confusion(counts, at::tensor({0, 0}), at::tensor({1, 2}));
            }),
            "count_confusion: a label must be 0 to 1 or 255, got 2");
  EXPECT_EQ(error_of([&] {
              count_confusion(counts, at::tensor({-1}), at::tensor({1}));
            }),
            "count_confusion: a class that is found must be 0 to 1, got -1");
  EXPECT_EQ(error_of([&] {
              count_confusion(counts, at::zeros({2, 3}), at::zeros({3, 2}));
            }),
            "count_confusion: found must have the shape of what is meant, "
            "[3, 2], got [2, 3]");
  EXPECT_EQ(
      error_of([&] {
        count_confusion(at::zeros({2, 2}), at::tensor({0}), at::tensor({0}));
      }),
      "count_confusion: counts must be [classes, classes], fp64 and "
      "contiguous, got [2, 2], Float");
  EXPECT_EQ(error_of([] {
              (void)segmentation_scores(at::zeros({2, 3}));
            }),
            "segmentation_scores: counts must be [classes, classes], got [2, "
            "3]");
}

}  // namespace
}  // namespace expandnet::tasks
