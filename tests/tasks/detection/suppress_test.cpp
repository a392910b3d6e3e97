#include <ATen/ops/zeros.h>
#include <expandnet/tasks/detection/decode.h>
#include <expandnet/tasks/detection/suppress.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "testing.h"

namespace expandnet::tasks {
namespace {

using expandnet::testing::error_of;

ScoredBoxes random_boxes(unsigned seed, std::size_t count,
                         std::int64_t classes) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  ScoredBoxes boxes;
  boxes.classes = classes;
  for (std::size_t i = 0; i < count; ++i) {
    boxes.boxes.push_back({uniform(random), uniform(random),
                           0.1 + 0.5 * uniform(random),
                           0.1 + 0.5 * uniform(random)});
  }
  for (std::size_t i = 0; i < count * static_cast<std::size_t>(classes); ++i) {
    // Coarse, so that many are equal.
    boxes.scores.push_back(
        static_cast<float>(std::floor(20 * uniform(random)) / 20));
  }
  return boxes;
}

/// Suppression by the book: each box against all that were kept.
std::vector<Detection> plain_suppress(const ScoredBoxes& boxes,
                                      const SuppressOptions& options) {
  std::vector<Detection> found;
  const auto classes = static_cast<std::size_t>(boxes.classes);
  for (std::size_t label = 0; label < classes; ++label) {
    std::vector<Detection> of_class;
    for (std::size_t i = 0; i < boxes.boxes.size(); ++i) {
      const auto score = boxes.scores[i * classes + label];
      if (score < static_cast<float>(options.threshold)) continue;
      of_class.push_back(
          {boxes.boxes[i], score, static_cast<std::int64_t>(label)});
    }
    std::stable_sort(of_class.begin(), of_class.end(),
                     [](const Detection& a, const Detection& b) {
                       return a.score > b.score;
                     });
    std::vector<Detection> kept;
    for (const auto& each : of_class) {
      const bool is_new =
          std::none_of(kept.begin(), kept.end(), [&](const Detection& other) {
            return iou(each.box, other.box) > options.overlap;
          });
      if (is_new) kept.push_back(each);
    }
    found.insert(found.end(), kept.begin(), kept.end());
  }
  return found;
}

TEST(Suppress, KeepsWhatAQuadraticSearchKeeps) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const auto boxes = random_boxes(seed, 100, 3);
    const SuppressOptions options = {0.1, 0.1 + 0.04 * seed};
    const auto found = suppress(boxes, options);
    const auto expected = plain_suppress(boxes, options);
    ASSERT_EQ(found.size(), expected.size());
    ASSERT_LT(found.size(), boxes.scores.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(found[i].score, expected[i].score) << i;
      ASSERT_EQ(found[i].label, expected[i].label) << i;
      ASSERT_EQ(found[i].box.left, expected[i].box.left) << i;
    }
  }
}

TEST(Suppress, LetsClassesStandSideBySide) {
  const Box box = {0, 0, 1, 1};
  const ScoredBoxes boxes = {{box, box}, 2, {0.9F, 0.8F, 0.7F, 0.95F}};
  const auto found = suppress(boxes);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].score, 0.9F);
  EXPECT_EQ(found[1].score, 0.95F);
}

TEST(Suppress, LeavesLowScoresOut) {
  const ScoredBoxes boxes = {
      {{0, 0, 1, 1}, {2, 2, 1, 1}, {4, 4, 1, 1}}, 1, {0.005F, 0.0049F, 0}};
  EXPECT_EQ(suppress(boxes).size(), 1U);
  EXPECT_EQ(suppress(ScoredBoxes()).size(), 0U);
}

TEST(SuppressErrors, NameTheCounts) {
  EXPECT_EQ(error_of([] {
              (void)suppress({{{0, 0, 1, 1}}, 2, {0.5F}});
            }),
            "suppress: there must be 1 x 2 scores, got 1; give one for each "
            "box and class");
}

TEST(Decode, FindsTheBoxOfACell) {
  auto output = at::zeros({2 * 7, 2, 4});
  output[7 + 2][1][3] = std::log(2.0);  // of the second anchor
  output[7 + 4][1][3] = std::log(3.0);
  output[7 + 6][1][3] = std::log(4.0);
  const auto [boxes, classes, scores] =
      decode_region(output, {{1, 1}, {0.5, 1.5}});
  ASSERT_EQ(classes, 2);
  ASSERT_EQ(boxes.size(), 16U);
  // In cells the centre is (3.5, 1.5) and the size 1 x 1.5, of 4 x 2 cells.
  const auto& box = boxes.back();
  EXPECT_NEAR(box.width, 0.25, 1e-7);
  EXPECT_NEAR(box.height, 0.75, 1e-7);
  EXPECT_NEAR(box.left, 0.75, 1e-7);
  EXPECT_NEAR(box.top, 0.375, 1e-7);
  EXPECT_NEAR(scores[30], 0.75F / 5, 1e-7F);
  EXPECT_NEAR(scores[31], 0.75F * 4 / 5, 1e-7F);
  EXPECT_NEAR(scores[0], 0.25F, 1e-7F);
}

TEST(Decode, DetectsInEachImage) {
  auto output = at::zeros({2, 7, 2, 2});
  output.select(1, 4).fill_(-20);
  output[1][4][0][1] = 20;
  output[1][5][0][1] = 20;
  const auto found = detect(output, {{1, 1}});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].size(), 0U);
  ASSERT_EQ(found[1].size(), 1U);
  EXPECT_EQ(found[1][0].label, 0);
  EXPECT_NEAR(found[1][0].score, 1, 1e-6);
  EXPECT_NEAR(found[1][0].box.left, 0.5, 1e-6);
}

TEST(DecodeErrors, NameTheShape) {
  EXPECT_EQ(error_of([] {
              (void)decode_region(at::zeros({124, 7, 7}), yolo_lite_anchors());
            }),
            "decode_region: output must be [5 (5 + C), H, W], got [124, 7, 7]; "
            "give the anchors that the network was made for");
  EXPECT_EQ(error_of([] {
              (void)detect(at::zeros({125, 7, 7}), {});
            }),
            "detect: output must be [B, A (5 + C), H, W], got [125, 7, 7]");
}

}  // namespace
}  // namespace expandnet::tasks
