#include <ATen/ops/arange.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <expandnet/tasks/classification/classification_meter.h>
#include <gtest/gtest.h>

#include "testing.h"

namespace expandnet::tasks {
namespace {

TEST(ClassificationMeter, CountsLabelsAmongTheFiveLargest) {
  // Labels 0 to 7, whose logits have the places 1 to 8.
  const auto logits = at::arange(8).flip(0).repeat({8, 1}).to(at::kFloat);
  ClassificationMeter meter(at::kCPU);
  meter.add(at::scalar_tensor(0.5, at::kDouble), logits, at::arange(8));
  EXPECT_EQ(meter.result(),
            (Metrics{{"loss", 0.5}, {"accuracy", 1. / 8}, {"top5", 5. / 8}}));
  meter.reset();
  meter.add(at::scalar_tensor(0.5, at::kDouble), at::zeros({8, 8}),
            at::arange(8));
  EXPECT_DOUBLE_EQ(meter.result().at("top5"), 0);  // a net that prefers nothing
}

TEST(ClassificationMeter, WeighsBatchesByTheirImages) {
  ClassificationMeter meter(at::kCPU);
  const auto sure = at::tensor({1., 0.}).repeat({3, 1});
  meter.add(at::scalar_tensor(1.0, at::kDouble), sure,
            at::zeros({3}, at::kLong));
  meter.add(at::scalar_tensor(5.0, at::kDouble), sure.narrow(0, 0, 1),
            at::tensor({1}, at::kLong));
  EXPECT_DOUBLE_EQ(meter.result().at("loss"), 2);
  EXPECT_DOUBLE_EQ(meter.result().at("accuracy"), 0.75);
}

TEST(ClassificationMeter, GoesOnFromItsSums) {
  ClassificationMeter first(at::kCPU), second(at::kCPU);
  first.add(at::scalar_tensor(1.0, at::kDouble),
            at::tensor({1., 0.}).unsqueeze(0), at::zeros({1}, at::kLong));
  second.set_sums(first.sums());
  EXPECT_EQ(second.result(), first.result());
}

}  // namespace
}  // namespace expandnet::tasks
