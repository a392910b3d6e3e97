#include <expandnet/data/sets/training_labels.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "testing.h"

namespace expandnet::data {
namespace {

using Labels = std::vector<std::int64_t>;

/// Classes that come round in turn, class 0 three times as often.
Labels some_labels(std::int64_t count, std::int64_t classes) {
  Labels labels;
  for (std::int64_t i = 0; i < count; ++i) {
    labels.push_back(std::max<std::int64_t>(0, i % (classes + 2) - 2));
  }
  return labels;
}

TEST(StratifiedSubset, KeepsTheShareOfEachClass) {
  const auto labels = some_labels(12000, 10);
  const auto kept = stratified_subset(labels, 10, 1200, 3);

  ASSERT_EQ(kept.size(), 1200U);
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end()));
  EXPECT_EQ(std::adjacent_find(kept.begin(), kept.end()), kept.end());
  std::vector<std::int64_t> of_class(10);
  for (const auto index : kept) {
    ++of_class[static_cast<std::size_t>(
        labels[static_cast<std::size_t>(index)])];
  }
  EXPECT_EQ(of_class,
            (Labels{300, 100, 100, 100, 100, 100, 100, 100, 100, 100}));
}

TEST(StratifiedSubset, DependsOnItsSeedOnly) {
  const auto labels = some_labels(500, 4);
  EXPECT_EQ(stratified_subset(labels, 4, 60, 1),
            stratified_subset(labels, 4, 60, 1));
  EXPECT_NE(stratified_subset(labels, 4, 60, 1),
            stratified_subset(labels, 4, 60, 2));
  EXPECT_EQ(stratified_subset(labels, 4, 500, 1).size(), 500U);
}

TEST(CorruptedLabels, AreDrawnFromAllClassesWithTheProbability) {
  const std::int64_t count = 50000, classes = 10;
  const auto labels = some_labels(count, classes);
  const double p = 0.2;
  const auto result = corrupt_labels(labels, classes, p, 7);

  std::int64_t changed = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    EXPECT_GE(result.labels[i], 0);
    EXPECT_LT(result.labels[i], classes);
    changed += result.labels[i] != labels[i] ? 1 : 0;
  }
  EXPECT_EQ(result.wrong, changed);
  // Six standard deviations of a count.
  const auto expect_count = [&](std::int64_t found, double share) {
    const auto n = static_cast<double>(count);
    EXPECT_NEAR(static_cast<double>(found), share * n,
                6 * std::sqrt(share * (1 - share) * n));
  };
  expect_count(result.drawn, p);
  expect_count(result.wrong, p * (classes - 1) / classes);

  // Of those that were drawn anew every class is as likely.
  const auto all = corrupt_labels(labels, classes, 1, 7);
  EXPECT_EQ(all.drawn, count);
  for (std::int64_t c = 0; c < classes; ++c) {
    expect_count(std::count(all.labels.begin(), all.labels.end(), c),
                 1.0 / classes);
  }
}

TEST(CorruptedLabels, OfAHigherProbabilityContainThoseOfALower) {
  const auto labels = some_labels(2000, 5);
  const auto few = corrupt_labels(labels, 5, 0.2, 1);
  const auto many = corrupt_labels(labels, 5, 0.6, 1);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (few.labels[i] == labels[i]) continue;
    EXPECT_EQ(many.labels[i], few.labels[i]);
  }
  EXPECT_EQ(corrupt_labels(labels, 5, 0, 1).labels, labels);
  EXPECT_NE(corrupt_labels(labels, 5, 0.2, 2).labels, few.labels);
  EXPECT_EQ(corrupt_labels(labels, 5, 0.2, 1).labels, few.labels);
}

TEST(TrainingLabelsErrors, NameTheValue) {
  using expandnet::testing::error_of;
  EXPECT_EQ(error_of([] {
              (void)stratified_subset({0, 1}, 2, 3, 0);
            }),
            "stratified_subset: count must be 0 to 2, got 3; take fewer "
            "images");
  EXPECT_EQ(error_of([] {
              (void)stratified_subset({0, 1}, 2, 0, 0);
            }),
            "stratified_subset: count must be positive, got 0");
  EXPECT_EQ(error_of([] {
              (void)stratified_subset({0, 2}, 2, 1, 0);
            }),
            "stratified_subset: a label must be 0 to 1, got 2 for image 1; "
            "correct the set");
  EXPECT_EQ(error_of([] { (void)corrupt_labels({0}, 2, 1.5, 0); }),
            "corrupt_labels: probability must be 0 to 1, got 1.500000");
  EXPECT_EQ(error_of([] { (void)corrupt_labels({0}, 0, 0.5, 0); }),
            "corrupt_labels: there must be a class, got 0");
}

}  // namespace
}  // namespace expandnet::data
