#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <expandnet/tasks/detection/region_loss.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "testing.h"

namespace expandnet::tasks {
namespace {

using expandnet::testing::error_of;

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }

/// A box around its centre, in cells.
struct Centred {
  double x, y, w, h;
};

double centred_iou(const Centred& a, const Centred& b) {
  const auto common = [](double p, double u, double q, double v) {
    return std::max(
        std::min(p + u / 2, q + v / 2) - std::max(p - u / 2, q - v / 2), 0.0);
  };
  const auto both = common(a.x, a.w, b.x, b.w) * common(a.y, a.h, b.y, b.h);
  return both / (a.w * a.h + b.w * b.h - both);
}

/// The loss as darknet's loops have it, box by box: of coordinates, object, no
/// object, classes and prior.
std::vector<double> scalar_loss(const at::Tensor& output,
                                const at::Tensor& targets,
                                const at::Tensor& anchors, double prior) {
  const auto images = output.size(0);
  const auto count = anchors.size(0);
  const auto classes = output.size(1) / count - 5;
  const auto rows = output.size(2);
  const auto columns = output.size(3);
  const auto raw = [&](std::int64_t b, std::int64_t a, std::int64_t channel,
                       std::int64_t i, std::int64_t j) {
    return output[b][a * (5 + classes) + channel][i][j].item<double>();
  };
  std::vector<double> loss(5, 0.0);
  for (std::int64_t b = 0; b < images; ++b) {
    std::vector<std::int64_t> owner(
        static_cast<std::size_t>(count * rows * columns), -1);
    const auto box_of = [&](std::int64_t t) {
      const auto target = targets[b][t];
      return Centred{target[0].item<double>() * static_cast<double>(columns),
                     target[1].item<double>() * static_cast<double>(rows),
                     target[2].item<double>() * static_cast<double>(columns),
                     target[3].item<double>() * static_cast<double>(rows)};
    };
    const auto is_target = [&](std::int64_t t) {
      return targets[b][t][4].item<double>() >= 0;
    };
    for (std::int64_t t = 0; t < targets.size(1); ++t) {
      if (!is_target(t)) continue;
      const auto box = box_of(t);
      std::int64_t best = 0;
      double best_iou = -1;
      for (std::int64_t a = 0; a < count; ++a) {
        const auto overlap = centred_iou(
            {0, 0, box.w, box.h},
            {0, 0, anchors[a][0].item<double>(), anchors[a][1].item<double>()});
        if (overlap > best_iou) {
          best_iou = overlap;
          best = a;
        }
      }
      const auto j = static_cast<std::int64_t>(box.x);
      const auto i = static_cast<std::int64_t>(box.y);
      owner[static_cast<std::size_t>((best * rows + i) * columns + j)] = t;
    }
    for (std::int64_t a = 0; a < count; ++a) {
      const auto pw = anchors[a][0].item<double>();
      const auto ph = anchors[a][1].item<double>();
      for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t j = 0; j < columns; ++j) {
          const auto x = sigmoid_of(raw(b, a, 0, i, j));
          const auto y = sigmoid_of(raw(b, a, 1, i, j));
          const auto w = raw(b, a, 2, i, j);
          const auto h = raw(b, a, 3, i, j);
          const auto object = sigmoid_of(raw(b, a, 4, i, j));
          const auto t =
              owner[static_cast<std::size_t>((a * rows + i) * columns + j)];
          const auto square = [](double value) { return value * value; };
          if (t >= 0) {
            const auto box = box_of(t);
            loss[0] += square(x - (box.x - static_cast<double>(j))) +
                       square(y - (box.y - static_cast<double>(i))) +
                       square(w - std::log(box.w / pw)) +
                       square(h - std::log(box.h / ph));
            loss[1] += 5 * square(1 - object);
            double sum = 0;
            for (std::int64_t c = 0; c < classes; ++c) {
              sum += std::exp(raw(b, a, 5 + c, i, j));
            }
            const auto label = targets[b][t][4].item<std::int64_t>();
            loss[3] += std::log(sum) - raw(b, a, 5 + label, i, j);
            continue;
          }
          loss[4] += prior * (square(x - 0.5) + square(y - 0.5) + square(w) +
                              square(h));
          double best = 0;
          for (std::int64_t other = 0; other < targets.size(1); ++other) {
            if (!is_target(other)) continue;
            const Centred found = {x + static_cast<double>(j),
                                   y + static_cast<double>(i), pw * std::exp(w),
                                   ph * std::exp(h)};
            best = std::max(best, centred_iou(found, box_of(other)));
          }
          if (best <= 0.6) loss[2] += square(object);
        }
      }
    }
  }
  for (const int part : {0, 1, 2, 4}) loss[static_cast<std::size_t>(part)] /= 2;
  for (auto& part : loss) part /= static_cast<double>(images);
  return loss;
}

/// Random outputs, and random targets of which some share a cell and an anchor.
struct Example {
  at::Tensor output, targets, anchors;
};

Example random_example() {
  at::manual_seed(3);
  const auto options = at::TensorOptions(at::kDouble);
  Example made;
  made.anchors =
      at::tensor({0.8, 1.1, 2.5, 1.2, 1.0, 3.5}, options).view({3, 2});
  made.output = at::randn({4, 3 * (5 + 4), 3, 5}, options);
  made.targets = at::rand({4, 7, 5}, options);
  made.targets.narrow(2, 2, 2).mul_(0.6).add_(0.05);
  made.targets.select(2, 4).copy_(
      at::randint(-1, 4, {4, 7}, at::kLong).to(at::kDouble));
  // Of the same cell and shape, but another place and class.
  made.targets[0][5].copy_(made.targets[0][2]);
  made.targets[0][2][4].fill_(1);
  made.targets[0][5][4].fill_(2);
  // A box that is close to a target without being its own.
  made.targets[1][0].copy_(at::tensor({0.5, 0.5, 0.5, 0.4, 3.0}, options));
  return made;
}

TEST(RegionLoss, IsThatOfLoopsOverBoxes) {
  const auto [output, targets, anchors] = random_example();
  RegionLossOptions options;
  options.prior = 0.01;
  const auto loss = region_loss(output, targets, anchors, options);
  const auto expected = scalar_loss(output, targets, anchors, 0.01);
  EXPECT_NEAR(loss.coordinates.item<double>(), expected[0], 1e-12);
  EXPECT_NEAR(loss.object.item<double>(), expected[1], 1e-12);
  EXPECT_NEAR(loss.no_object.item<double>(), expected[2], 1e-12);
  EXPECT_NEAR(loss.classes.item<double>(), expected[3], 1e-12);
  EXPECT_NEAR(loss.prior.item<double>(), expected[4], 1e-12);
  EXPECT_NEAR(
      loss.total.item<double>(),
      expected[0] + expected[1] + expected[2] + expected[3] + expected[4],
      1e-12);
}

// A grid of 2x2 with one anchor of 1x1 cells, two classes and all outputs 0:
// every box has its cell's size and stands in its middle, with objectness 1/2.
// One target of 1x1 cells has its centre at (0.25, 0.75) of the cell in row 0
// and column 1. The boxes of the other cells overlap it by too little.
TEST(RegionLoss, IsThatOfAGridByHand) {
  const auto output = at::zeros({1, 7, 2, 2}, at::kDouble);
  const auto anchors = at::ones({1, 2}, at::kDouble);
  const auto targets =
      at::tensor({0.625, 0.375, 0.5, 0.5, 1.0}, at::kDouble).view({1, 1, 5});
  const auto loss = region_loss(output, targets, anchors);
  // 1/2 ((1/2 - 1/4)^2 + (1/2 - 3/4)^2), 1/2 5 (1 - 1/2)^2, 1/2 3 (1/2)^2.
  EXPECT_DOUBLE_EQ(loss.coordinates.item<double>(), 0.0625);
  EXPECT_DOUBLE_EQ(loss.object.item<double>(), 0.625);
  EXPECT_DOUBLE_EQ(loss.no_object.item<double>(), 0.375);
  EXPECT_DOUBLE_EQ(loss.classes.item<double>(), std::log(2.0));
  EXPECT_EQ(loss.prior.item<double>(), 0);
}

// The same, with a target that is the whole grid: it belongs to the last cell,
// in whose first corner its centre lies.
TEST(RegionLoss, SparesBoxesThatMeetATarget) {
  auto output = at::zeros({1, 7, 2, 2}, at::kDouble);
  // The first box moves to the middle of the grid and covers all of it.
  output[0][0][0][0] = 40;  // to the cell's right edge
  output[0][1][0][0] = 40;  // and its lower edge
  output[0][2][0][0] = std::log(2.0);
  output[0][3][0][0] = std::log(2.0);
  const auto anchors = at::ones({1, 2}, at::kDouble);
  const auto targets =
      at::tensor({0.5, 0.5, 1.0, 1.0, 0.0}, at::kDouble).view({1, 1, 5});
  const auto loss = region_loss(output, targets, anchors);
  EXPECT_DOUBLE_EQ(loss.no_object.item<double>(), 0.25);  // two boxes
  const auto side = std::log(2.0);
  EXPECT_DOUBLE_EQ(loss.coordinates.item<double>(),
                   (0.25 + 0.25 + 2 * side * side) / 2);
}

TEST(RegionLoss, HasTheGradientOfFiniteDifferences) {
  auto example = random_example();
  auto& output = example.output;
  const auto& targets = example.targets;
  const auto& anchors = example.anchors;
  RegionLossOptions options;
  options.prior = 0.01;
  auto leaf = output.clone().requires_grad_(true);
  region_loss(leaf, targets, anchors, options).total.backward();
  const auto gradient = leaf.grad();
  const at::NoGradGuard no_grad;
  constexpr double kStep = 1e-5;
  auto flat = output.view({-1});
  for (std::int64_t i = 0; i < flat.numel(); i += 7) {
    const auto at_offset = [&](double offset) {
      flat[i] += offset;
      const auto value =
          region_loss(output, targets, anchors, options).total.item<double>();
      flat[i] -= offset;
      return value;
    };
    const auto expected = (at_offset(kStep) - at_offset(-kStep)) / (2 * kStep);
    EXPECT_NEAR(gradient.view({-1})[i].item<double>(), expected, 1e-8) << i;
  }
}

TEST(RegionLoss, DoesNotSeeRowsThatFill) {
  auto [output, targets, anchors] = random_example();
  const auto loss = region_loss(output, targets, anchors).total;
  auto padded = at::cat({targets, at::full({4, 3, 5}, -1.0, at::kDouble)}, 1);
  padded.narrow(1, 7, 3).narrow(2, 0, 4).fill_(0);
  EXPECT_NEAR(region_loss(output, padded, anchors).total.item<double>(),
              loss.item<double>(), 1e-12);
  auto leaf = output.clone().requires_grad_(true);
  region_loss(leaf, padded, anchors).total.backward();
  EXPECT_TRUE(leaf.grad().isfinite().all().item<bool>());
}

TEST(RegionLoss, OfImagesWithoutObjectsIsThatOfNoObject) {
  const auto output = at::zeros({2, 7, 2, 2}, at::kDouble);
  const auto anchors = at::ones({1, 2}, at::kDouble);
  const auto loss =
      region_loss(output, at::zeros({2, 0, 5}, at::kDouble), anchors);
  EXPECT_DOUBLE_EQ(loss.total.item<double>(), 0.5);
  EXPECT_DOUBLE_EQ(loss.no_object.item<double>(), 0.5);
}

TEST(RegionLoss, ComputesHalfPrecisionInFloats) {
  auto [output, targets, anchors] = random_example();
  const auto half = output.to(at::kBFloat16);
  const auto loss =
      region_loss(half, targets.to(at::kFloat), anchors.to(at::kFloat)).total;
  EXPECT_EQ(loss.scalar_type(), at::kFloat);
  EXPECT_NEAR(
      loss.item<double>(),
      region_loss(half.to(at::kDouble), targets, anchors).total.item<double>(),
      1e-4);
}

TEST(RegionLoss, HasAPriorForTheFirstImages) {
  EXPECT_EQ(region_prior(0), 0.01);
  EXPECT_EQ(region_prior(12'799), 0.01);
  EXPECT_EQ(region_prior(12'800), 0);
}

TEST(RegionLossErrors, NameTheShapes) {
  const auto anchors = at::ones({5, 2});
  EXPECT_EQ(error_of([&] {
              (void)region_loss(at::ones({1, 24, 7, 7}), at::ones({1, 2, 5}),
                                anchors);
            }),
            "region_loss: output must be [B, 5 (5 + C), H, W], got [1, 24, 7, "
            "7]; give the anchors that the network was made for");
  EXPECT_EQ(error_of([&] {
              (void)region_loss(at::ones({2, 125, 7, 7}), at::ones({1, 2, 5}),
                                anchors);
            }),
            "region_loss: targets must be [2, T, 5], a row for each object, "
            "got [1, 2, 5]");
  EXPECT_EQ(error_of([] {
              (void)region_loss(at::ones({2, 125, 7, 7}), at::ones({2, 2, 5}),
                                at::ones({5}));
            }),
            "region_loss: anchors must be [A, 2], got [5]");
}

}  // namespace
}  // namespace expandnet::tasks
