#include <expandnet/tasks/detection/anchors.h>
#include <expandnet/tasks/detection/boxes.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "testing.h"

namespace expandnet::tasks {
namespace {

using expandnet::testing::error_of;

TEST(Iou, IsTheSharedAreaOverTheWhole) {
  const Box box = {0, 0, 10, 10};
  EXPECT_EQ(iou(box, box), 1);
  EXPECT_EQ(iou(box, {0, 10, 10, 10}), 0);  // they touch
  EXPECT_EQ(iou(box, {20, 20, 5, 5}), 0);
  EXPECT_DOUBLE_EQ(iou(box, {5, 5, 10, 10}), 25. / 175);
  EXPECT_DOUBLE_EQ(iou(box, {2, 3, 4, 5}), 20. / 100);
  EXPECT_EQ(iou({1, 1, 0, 0}, {1, 1, 0, 0}), 0);
}

TEST(Anchors, HaveTheIouOfTheirShapes) {
  EXPECT_DOUBLE_EQ(shape_iou({2, 3}, {2, 3}), 1);
  EXPECT_DOUBLE_EQ(shape_iou({2, 4}, {4, 2}), 4. / 12);
}

TEST(Anchors, AreTheGroupsOfTheShapes) {
  std::vector<Anchor> shapes;
  for (int i = 0; i < 50; ++i) {
    const auto change = 1 + 0.002 * i;
    shapes.push_back({10 * change, 10 / change});
    shapes.push_back({100 * change, 20});
    shapes.push_back({30, 200 * change});
  }
  const auto [anchors, mean_iou] = fit_anchors(shapes, 3, 7);
  ASSERT_EQ(anchors.size(), 3U);
  EXPECT_NEAR(anchors[0].width, 10.5, 0.1);
  EXPECT_NEAR(anchors[1].width, 104.9, 0.1);
  EXPECT_DOUBLE_EQ(anchors[1].height, 20);
  EXPECT_NEAR(anchors[2].height, 209.8, 0.1);
  EXPECT_GT(mean_iou, 0.95);
}

TEST(Anchors, AreTheSameForASeed) {
  std::vector<Anchor> shapes;
  for (int i = 1; i <= 200; ++i) {
    shapes.push_back({1. + i * 37 % 101, 1. + i * 53 % 97});
  }
  const auto first = fit_anchors(shapes, 5, 1);
  const auto again = fit_anchors(shapes, 5, 1);
  double mean = 0;
  for (const auto& shape : shapes) {
    double best = 0;
    for (const auto& anchor : first.anchors) {
      best = std::max(best, shape_iou(shape, anchor));
    }
    mean += best / 200;
  }
  EXPECT_NEAR(first.mean_iou, mean, 1e-12);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(first.anchors[i].width, again.anchors[i].width);
    EXPECT_EQ(first.anchors[i].height, again.anchors[i].height);
  }
  EXPECT_GT(fit_anchors(shapes, 9, 1).mean_iou, first.mean_iou);
}

TEST(Anchors, MayBeTheShapesThemselves) {
  const std::vector<Anchor> shapes = {{5, 5}, {1, 2}, {5, 5}, {9, 3}};
  const auto [anchors, mean_iou] = fit_anchors(shapes, 3, 0);
  EXPECT_DOUBLE_EQ(mean_iou, 1);
  EXPECT_EQ(anchors[0].height, 2);
  EXPECT_EQ(anchors[2].width, 9);
}

TEST(AnchorErrors, NameTheRuleAndTheValue) {
  EXPECT_EQ(error_of([] {
              (void)fit_anchors({{1, 1}, {1, 1}}, 2, 0);
            }),
            "fit_anchors: count must be 1 to the number of different shapes "
            "(1), got 2; 5 is usual");
  EXPECT_EQ(error_of([] {
              (void)fit_anchors({{1, 0}}, 1, 0);
            }),
            "fit_anchors: a shape must have a positive width and height, got "
            "1.000000 x 0.000000; leave boxes without an area out");
}

}  // namespace
}  // namespace expandnet::tasks
