#include <expandnet/tasks/detection/average_precision.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include "testing.h"

namespace expandnet::tasks {
namespace {

using data::AnnotatedObject;
using expandnet::testing::error_of;

constexpr auto kEleven = Interpolation::kElevenPoints;
constexpr auto kArea = Interpolation::kArea;
constexpr auto kCocoPoints = Interpolation::kHundredAndOnePoints;

/// Boxes of 10 x 10, side by side: those of different places do not overlap.
Box box_at(double place) { return {0, 20 * place, 10, 10}; }

AnnotatedObject object_at(double place, std::int64_t label = 0) {
  AnnotatedObject object;
  object.box = box_at(place);
  object.label = label;
  return object;
}

AnnotatedObject difficult_at(double place) {
  auto object = object_at(place);
  object.difficult = true;
  return object;
}

AnnotatedObject crowd_at(double place) {
  auto object = object_at(place);
  object.crowd = true;
  return object;
}

Detection found_at(double place, float score, std::int64_t label = 0) {
  return {box_at(place), score, label};
}

DetectionMatches matches_of(Protocol protocol,
                            const std::vector<Detection>& found,
                            const std::vector<AnnotatedObject>& meant,
                            std::int64_t classes = 1) {
  DetectionMatches matches(classes, protocol);
  matches.add(0, found, meant);
  return matches;
}

double voc_mean(const std::vector<Detection>& found,
                const std::vector<AnnotatedObject>& meant,
                Interpolation interpolation = kEleven) {
  return average_precision(matches_of(Protocol::kVoc, found, meant),
                           interpolation)
      .mean;
}

TEST(AveragePrecision, IsOneForAPerfectDetector) {
  const std::vector<Detection> found = {found_at(0, 0.9F), found_at(1, 0.1F)};
  const std::vector<AnnotatedObject> meant = {object_at(1), object_at(0)};
  EXPECT_DOUBLE_EQ(voc_mean(found, meant), 1);
  EXPECT_DOUBLE_EQ(voc_mean(found, meant, kArea), 1);
  const auto coco =
      average_precision(matches_of(Protocol::kCoco, found, meant), kCocoPoints);
  EXPECT_DOUBLE_EQ(coco.mean, 1);
  EXPECT_EQ(coco.of_threshold.size(), 10U);
}

// Hit, miss, hit, of four objects: precision 1 up to a recall of 1/4, 2/3 up to
// 1/2, then 0.
TEST(AveragePrecision, IsComputedFromTheCurve) {
  const std::vector<Detection> found = {found_at(0, 0.9F), found_at(9, 0.8F),
                                        found_at(1, 0.7F)};
  const std::vector<AnnotatedObject> meant = {object_at(0), object_at(1),
                                              object_at(2), object_at(3)};
  EXPECT_DOUBLE_EQ(voc_mean(found, meant), (3 + 3 * 2. / 3) / 11);
  EXPECT_DOUBLE_EQ(voc_mean(found, meant, kArea), 0.25 + 0.25 * 2 / 3);
  EXPECT_NEAR(voc_mean(found, meant, kCocoPoints), (26 + 25 * 2. / 3) / 101,
              1e-14);  // a sum of 51 terms

  const auto matches = matches_of(Protocol::kVoc, found, meant);
  const auto curve = precision_recall(matches, 0);
  EXPECT_EQ(curve.precision, (std::vector<double>{1, 0.5, 2. / 3}));
  EXPECT_EQ(curve.recall, (std::vector<double>{0.25, 0.25, 0.5}));
  EXPECT_FLOAT_EQ(static_cast<float>(curve.scores[2]), 0.7F);
}

TEST(AveragePrecision, CountsAPointThatIsReachedExactly) {
  std::vector<AnnotatedObject> meant;
  for (int i = 0; i < 10; ++i) meant.push_back(object_at(i));
  // Three of ten: the points 0, 0.1, 0.2 and 0.3.
  EXPECT_DOUBLE_EQ(
      voc_mean({found_at(0, 1), found_at(1, 1), found_at(2, 1)}, meant),
      4. / 11);
}

TEST(AveragePrecision, TakesTheSecondDetectionOfAnObjectForAMiss) {
  const std::vector<Detection> found = {found_at(0, 0.9F), found_at(0, 0.8F),
                                        found_at(1, 0.7F)};
  const std::vector<AnnotatedObject> meant = {object_at(0), object_at(1)};
  EXPECT_DOUBLE_EQ(voc_mean(found, meant, kArea), 0.5 + 0.5 * 2 / 3);
}

// VOC's detection keeps to the object that it meets best, COCO's takes the next
// that is free.
TEST(AveragePrecision, FollowsTheProtocolWhereObjectsOverlap) {
  const std::vector<Detection> found = {found_at(0, 0.9F), found_at(0, 0.8F)};
  const std::vector<AnnotatedObject> meant = {object_at(0), object_at(0.1)};
  EXPECT_DOUBLE_EQ(voc_mean(found, meant, kArea), 0.5);
  const auto coco =
      average_precision(matches_of(Protocol::kCoco, found, meant), kCocoPoints);
  EXPECT_DOUBLE_EQ(coco.of_threshold[0], 1);  // the IoU is 2/3
  EXPECT_DOUBLE_EQ(coco.of_threshold[3], 1);
  EXPECT_DOUBLE_EQ(coco.of_threshold[4], 51. / 101);
}

TEST(AveragePrecision, PassesDifficultObjectsOver) {
  const std::vector<AnnotatedObject> meant = {difficult_at(0), object_at(1)};
  EXPECT_DOUBLE_EQ(voc_mean({found_at(1, 0.5F)}, meant), 1);
  EXPECT_DOUBLE_EQ(
      voc_mean({found_at(0, 0.9F), found_at(0, 0.8F), found_at(1, 0.5F)},
               meant),
      1);
  EXPECT_TRUE(std::isnan(voc_mean({found_at(0, 1)}, {difficult_at(0)})));
  // COCO knows no difficult ones.
  EXPECT_DOUBLE_EQ(
      average_precision(matches_of(Protocol::kCoco, {found_at(1, 1)}, meant),
                        kCocoPoints)
          .mean,
      51. / 101);
}

TEST(AveragePrecision, PassesCrowdsOver) {
  const std::vector<AnnotatedObject> meant = {crowd_at(0), object_at(1)};
  const std::vector<Detection> found = {
      found_at(0, 0.9F), {{2, 2, 3, 3}, 0.8F, 0}, found_at(1, 0.5F)};
  EXPECT_DOUBLE_EQ(
      average_precision(matches_of(Protocol::kCoco, found, meant), kCocoPoints)
          .mean,
      1);
}

TEST(AveragePrecision, LeavesClassesWithoutObjectsOut) {
  const auto result = average_precision(
      matches_of(Protocol::kVoc, {found_at(0, 1, 0), found_at(1, 1, 2)},
                 {object_at(0, 0), object_at(2, 1)}, 3),
      kEleven);
  EXPECT_DOUBLE_EQ(result.mean, 0.5);
  EXPECT_DOUBLE_EQ(result.of_class.at(0).value(), 1);
  EXPECT_DOUBLE_EQ(result.of_class.at(1).value(), 0);
  EXPECT_FALSE(result.of_class.at(2).has_value());
}

TEST(AveragePrecision, IsNoNumberWhereNothingIsMeant) {
  EXPECT_TRUE(std::isnan(voc_mean({found_at(0, 1)}, {})));
  EXPECT_TRUE(std::isnan(voc_mean({}, {})));
  EXPECT_DOUBLE_EQ(voc_mean({}, {object_at(0)}), 0);
  const auto matches = matches_of(Protocol::kVoc, {found_at(0, 1)}, {});
  EXPECT_EQ(precision_recall(matches, 0).recall.size(), 0U);
}

// xmin to xmax of VOC are xmax - xmin + 1 pixels: an object from 1 to 10 and a
// detection from 6 to 15 share five of ten columns, and one from 1 to 20 has
// exactly half of its own.
TEST(AveragePrecision, NeedsAnIouOfOneHalfAtLeast) {
  AnnotatedObject object;
  object.box = {0, 0, 10, 10};
  EXPECT_DOUBLE_EQ(voc_mean({{{0, 5, 10, 10}, 1, 0}}, {object}), 0);
  EXPECT_DOUBLE_EQ(voc_mean({{{0, 0, 10, 20}, 1, 0}}, {object}), 1);
  EXPECT_DOUBLE_EQ(voc_mean({{{0, 0, 10, 20.1}, 1, 0}}, {object}), 0);
}

TEST(AveragePrecision, TakesEqualScoresInTheOrderOfImages) {
  const auto of_order = [](bool backwards) {
    DetectionMatches matches(1, Protocol::kVoc);
    for (int i = 0; i < 3; ++i) {
      const int image = backwards ? 2 - i : i;
      // The first image has a hit, the others have misses.
      matches.add(image, {found_at(image, 0.5F)}, {object_at(0)});
    }
    return average_precision(matches, kArea).mean;
  };
  EXPECT_DOUBLE_EQ(of_order(false), 1. / 3);
  EXPECT_DOUBLE_EQ(of_order(true), 1. / 3);
}

TEST(AveragePrecision, IsTheSameHoweverImagesAreShared) {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> place(0, 9), score(0, 4);
  DetectionMatches all(1, Protocol::kCoco), first(1, Protocol::kCoco),
      second(1, Protocol::kCoco);
  for (int image = 0; image < 40; ++image) {
    std::vector<Detection> found;
    std::vector<AnnotatedObject> meant;
    for (int i = 0; i < 6; ++i) {
      found.push_back(
          found_at(place(random), static_cast<float>(score(random)) / 4));
      meant.push_back(object_at(place(random) + 0.1));
    }
    all.add(image, found, meant);
    (image % 2 == 0 ? first : second).add(image, found, meant);
  }
  first.add(second.found(), second.meant());
  EXPECT_EQ(first.meant(), all.meant());
  const auto expected = average_precision(all, kCocoPoints);
  EXPECT_GT(expected.mean, 0.05);
  EXPECT_EQ(average_precision(first, kCocoPoints).of_threshold,
            expected.of_threshold);
}

TEST(DetectionMatchesErrors, NameTheRuleAndTheValue) {
  DetectionMatches matches(3, Protocol::kVoc);
  EXPECT_EQ(error_of([&] { matches.add(0, {found_at(0, 1, 3)}, {}); }),
            "DetectionMatches: a label must be 0 to 2, got 3; give the classes "
            "of the set");
  EXPECT_EQ(error_of([&] { matches.add(0, {}, {object_at(0, -1)}); }),
            "DetectionMatches: a label must be 0 to 2, got -1; give the "
            "classes of the set");
  EXPECT_EQ(error_of([&] {
              matches.add(
                  0, {found_at(0, std::numeric_limits<float>::quiet_NaN())},
                  {});
            }),
            "DetectionMatches: a score must be a number, got NaN; see whether "
            "the training diverged");
  EXPECT_EQ(error_of([&] { matches.add(-1, {}, {}); }),
            "DetectionMatches: an image's number must be 0 to 4294967295, got "
            "-1");
  EXPECT_EQ(error_of([&] {
              matches.add({}, {1, 2});
            }),
            "DetectionMatches: all parts must have 3 classes, got 2");
  EXPECT_EQ(error_of([] { DetectionMatches(0, Protocol::kVoc); }),
            "DetectionMatches: classes must be 1 to 65536, got 0");
  EXPECT_EQ(error_of([&] { (void)precision_recall(matches, 3); }),
            "precision_recall: label must be 0 to 2, got 3");
  EXPECT_EQ(error_of([&] { (void)precision_recall(matches, 0, 1); }),
            "precision_recall: threshold must be 0 to 0, got 1");
}

}  // namespace
}  // namespace expandnet::tasks
