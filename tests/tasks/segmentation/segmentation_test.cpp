// The loss, the meter and the task.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <expandnet/tasks/segmentation/confusion.h>
#include <expandnet/tasks/segmentation/segmentation.h>
#include <expandnet/tasks/segmentation/segmentation_loss.h>
#include <expandnet/tasks/segmentation/segmentation_meter.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <vector>

#include "testing.h"

namespace expandnet::tasks {
namespace {

using expandnet::testing::error_of;

/// Logits and labels of two images; a fifth of the pixels are ignored.
struct PixelBatch {
  at::Tensor logits = at::randn({2, 3, 4, 5}, at::kDouble);
  at::Tensor labels = at::where(at::randint(5, {2, 4, 5}).eq(0), 255,
                                at::randint(3, {2, 4, 5}, at::kLong));
};

/// The loss a pixel at a time.
double pixelwise_loss(const PixelBatch& batch,
                      const std::vector<double>& weights, double dice) {
  double loss = 0, total = 0;
  std::vector<double> both(3), found(3), meant(3);
  for (std::int64_t n = 0; n < 2; ++n) {
    for (std::int64_t i = 0; i < 20; ++i) {
      const auto label = batch.labels[n].flatten()[i].item<std::int64_t>();
      if (label == 255) continue;
      double sum = 0;
      const auto exponential = [&](std::int64_t c) {
        return std::exp(batch.logits[n][c].flatten()[i].item<double>());
      };
      for (std::int64_t c = 0; c < 3; ++c) sum += exponential(c);
      for (std::size_t c = 0; c < 3; ++c) {
        const auto share = exponential(static_cast<std::int64_t>(c)) / sum;
        found[c] += share;
        if (static_cast<std::int64_t>(c) != label) continue;
        both[c] += share;
        meant[c] += 1;
        loss -= weights[c] * std::log(share);
        total += weights[c];
      }
    }
  }
  double missing = 0, present = 0;
  for (std::size_t c = 0; c < 3; ++c) {
    if (meant[c] == 0) continue;
    missing += 1 - (2 * both[c] + 1) / (found[c] + meant[c] + 1);
    ++present;
  }
  return loss / total + dice * missing / present;
}

TEST(SegmentationMeter, HasNoLossWhileNoPixelCounts) {
  SegmentationMeter meter(3, at::kCPU);
  const PixelBatch batch;
  const auto ignored = at::full_like(batch.labels, 255);
  meter.add(meter.loss(batch.logits, ignored), batch.logits, ignored);
  EXPECT_EQ(meter.result().at("loss"), 0);
  const auto loss = meter.loss(batch.logits, batch.labels);
  meter.add(loss, batch.logits, batch.labels);
  EXPECT_NEAR(meter.result().at("loss"), loss.item<double>(), 1e-12);
}

TEST(SegmentationLoss, IsThatOfEachPixel) {
  torch::manual_seed(0);
  const PixelBatch batch;
  const auto loss_of = [&](const SegmentationLossOptions& options) {
    return segmentation_loss(batch.logits, batch.labels, options)
        .item<double>();
  };
  EXPECT_NEAR(loss_of({}), pixelwise_loss(batch, {1, 1, 1}, 0), 1e-12);
  const std::vector<double> weights = {0.5, 2, 3};
  EXPECT_NEAR(loss_of({255, at::tensor(weights), 0}),
              pixelwise_loss(batch, weights, 0), 1e-12);
  EXPECT_NEAR(loss_of({255, at::tensor(weights), 0.7}),
              pixelwise_loss(batch, weights, 0.7), 1e-12);
}

TEST(SegmentationLoss, LeavesClassesThatAreNotMeantOutOfDice) {
  torch::manual_seed(0);
  PixelBatch batch;
  batch.labels.masked_fill_(batch.labels.eq(1), 255);
  EXPECT_NEAR(segmentation_loss(batch.logits, batch.labels, {255, {}, 1})
                  .item<double>(),
              pixelwise_loss(batch, {1, 1, 1}, 1), 1e-12);
}

TEST(SegmentationLoss, TakesLabelsOfAnyIntegerType) {
  torch::manual_seed(0);
  const PixelBatch batch;
  const auto expected = segmentation_loss(batch.logits, batch.labels);
  for (const auto type : {at::kByte, at::kShort, at::kInt}) {
    EXPECT_TRUE(
        segmentation_loss(batch.logits, batch.labels.to(type)).equal(expected));
  }
}

TEST(SegmentationLoss, GivesIgnoredPixelsNoGradient) {
  torch::manual_seed(0);
  PixelBatch batch;
  batch.logits.requires_grad_();
  segmentation_loss(batch.logits, batch.labels,
                    {255, at::tensor({0.5, 2., 3.}), 1})
      .backward();
  const auto size = batch.logits.grad().abs().sum(1);
  EXPECT_TRUE(size.ne(0).equal(batch.labels.ne(255)));
}

TEST(SegmentationLoss, IsZeroWhereAllIsIgnored) {
  torch::manual_seed(0);
  PixelBatch batch;
  batch.labels.fill_(255);
  batch.logits.requires_grad_();
  for (const auto& weights : {at::Tensor(), at::tensor({0.5, 2., 3.})}) {
    const auto loss =
        segmentation_loss(batch.logits, batch.labels, {255, weights, 1});
    loss.backward();
    EXPECT_EQ(loss.item<double>(), 0);
    EXPECT_TRUE(batch.logits.grad().equal(at::zeros_like(batch.logits)));
  }
}

TEST(MedianFrequencyWeights, AreTheMedianOverEachFrequency) {
  // Frequencies 0.5, 0.2 and 0.1; the fourth class is absent.
  EXPECT_EQ(median_frequency_weights({50, 20, 20, 0}, {100, 100, 200, 0}),
            (std::vector<double>{0.4, 1, 2, 1}));
  // Frequencies 0.5 and 0.25: the median lies between them.
  EXPECT_EQ(median_frequency_weights({50, 25}, {100, 100}),
            (std::vector<double>{0.75, 1.5}));
  EXPECT_EQ(median_frequency_weights({0, 0}, {0, 0}),
            (std::vector<double>{1, 1}));
}

TEST(SegmentationMeter, ScoresTheWholeSet) {
  torch::manual_seed(0);
  SegmentationMeter meter(3, at::kCPU);
  at::Tensor counts = at::zeros({3, 3}, at::kDouble);
  double loss = 0, pixels = 0;
  for (int i = 0; i < 3; ++i) {
    PixelBatch batch;
    if (i == 1) batch.labels[0].fill_(255);
    const auto mean = meter.loss(batch.logits, batch.labels);
    meter.add(mean, batch.logits, batch.labels);
    count_confusion(counts, batch.logits.argmax(1), batch.labels);
    const auto number = batch.labels.ne(255).sum().item<double>();
    loss += mean.item<double>() * number;
    pixels += number;
  }
  const auto scores = segmentation_scores(counts);
  const auto result = meter.result();
  EXPECT_TRUE(meter.confusion().equal(counts));
  EXPECT_NEAR(result.at("loss"), loss / pixels, 1e-12);
  EXPECT_EQ(result.at("mean_iou"), scores.mean_iou);
  EXPECT_EQ(result.at("mean_recall"), scores.mean_recall);
  EXPECT_EQ(result.at("mean_precision"), scores.mean_precision);
  EXPECT_EQ(result.at("pixel_accuracy"), scores.pixel_accuracy);
  EXPECT_EQ(meter.metrics().front().name, "mean_iou");  // it selects
  const auto of_classes = *meter.class_scores();
  EXPECT_EQ(of_classes.metric.label, "IoU");
  ASSERT_EQ(of_classes.classes.size(), scores.iou.size());
  for (std::size_t label = 0; label < scores.iou.size(); ++label) {
    EXPECT_EQ(of_classes.classes[label], (ClassScore{scores.iou[label], {}}));
  }
}

TEST(SegmentationMeter, AddsUpTheSumsOfProcesses) {
  torch::manual_seed(0);
  SegmentationMeter all(3, at::kCPU), first(3, at::kCPU), second(3, at::kCPU);
  for (auto* half : {&first, &second}) {
    const PixelBatch batch;
    for (auto* meter : {&all, half}) {
      meter->add(meter->loss(batch.logits, batch.labels), batch.logits,
                 batch.labels);
    }
  }
  first.set_sums(first.sums() + second.sums());
  EXPECT_EQ(first.result(), all.result());
}

TEST(SegmentationMeter, TakesABatchThatIsAllIgnored) {
  torch::manual_seed(0);
  PixelBatch batch;
  SegmentationMeter meter(3, at::kCPU);
  const auto add = [&] {
    meter.add(meter.loss(batch.logits, batch.labels), batch.logits,
              batch.labels);
  };
  add();
  const auto before = meter.result();
  batch.labels.fill_(255);
  add();
  EXPECT_EQ(meter.result(), before);
}

TEST(Segmentation, TrainsWithItsWeightsAndReportsWithout) {
  torch::manual_seed(0);
  const PixelBatch batch;
  const auto task = segmentation({3, 255, {0.5, 2, 3}, 0.7});
  EXPECT_NEAR(task.loss(batch.logits, {}, batch.labels).item<double>(),
              pixelwise_loss(batch, {0.5, 2, 3}, 0.7), 1e-6);
  EXPECT_NEAR(
      task.meter(at::kCPU)->loss(batch.logits, batch.labels).item<double>(),
      pixelwise_loss(batch, {1, 1, 1}, 0), 1e-12);
}

TEST(SegmentationErrors, NameTheRuleAndTheValue) {
  EXPECT_EQ(error_of([] { (void)segmentation({0}); }),
            "SegmentationMeter: classes must be 1 to 4096, got 0");
  EXPECT_EQ(error_of([] {
              (void)segmentation({3, 255, {1, 2}});
            }),
            "segmentation: there must be 3 class weights, or none, got 2");
  EXPECT_EQ(error_of([] {
              (void)segmentation({2, 255, {1, -2}});
            }),
            "segmentation: class weights must not be negative, got -2.000000");
  const auto loss_error = [](at::IntArrayRef logits, at::IntArrayRef labels,
                             const SegmentationLossOptions& options = {}) {
    return error_of([&] {
      (void)segmentation_loss(at::zeros(logits), at::zeros(labels, at::kLong),
                              options);
    });
  };
  EXPECT_EQ(loss_error({2, 3, 4}, {2, 4}),
            "segmentation_loss: logits must be [N, classes, H, W], got [2, 3, "
            "4]");
  EXPECT_EQ(loss_error({2, 3, 4, 5}, {2, 5, 4}),
            "segmentation_loss: targets must be [2, 4, 5], got [2, 5, 4]");
  EXPECT_EQ(loss_error({2, 3, 4, 5}, {2, 4, 5}, {255, at::zeros({2}), 0}),
            "segmentation_loss: class weights must be [3], got [2]");
  EXPECT_EQ(error_of([] { (void)median_frequency_weights({1}, {}); }),
            "median_frequency_weights: image_pixels must have a number for "
            "each of 1 classes, got 0");
  EXPECT_EQ(error_of([] { (void)median_frequency_weights({5}, {4}); }),
            "median_frequency_weights: images must have the pixels of their "
            "classes, got 5 of 4 pixels of class 0");
}

}  // namespace
}  // namespace expandnet::tasks
