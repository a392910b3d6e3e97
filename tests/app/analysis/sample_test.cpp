#include "trainers/app/analysis/sample.h"

#include <ATen/Functions.h>
#include <expandnet/data/loading/batches.h>
#include <expandnet/tasks/classification/classification.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/options/linear.h>
#include <torch/utils.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "testing.h"

namespace expandnet::examples {
namespace {

using expandnet::testing::error_of;

constexpr std::int64_t kCount = 50;
constexpr double kFloatError = 1e-5;

/// Images whose one pixel tells which they are.
class Numbered : public Images {
 public:
  [[nodiscard]] std::int64_t classes() const override { return 5; }
  [[nodiscard]] std::vector<std::string> class_names() const override {
    return {};
  }
  [[nodiscard]] std::string in_words() const override { return ""; }
  [[nodiscard]] RunData run_data(std::uint64_t /*seed*/) const override {
    return {};
  }
  [[nodiscard]] std::int64_t size_of(const std::string& set) const override {
    return set == "training" ? kCount : 0;
  }
  [[nodiscard]] std::unique_ptr<data::BatchSource> batches_of(
      const std::string& /*set*/) const override {
    return nullptr;
  }
  [[nodiscard]] std::unique_ptr<data::BatchSource> training_images(
      const std::vector<std::int64_t>& places) const override {
    asked = places;
    const auto numbers = at::tensor(places, at::kLong);
    data::BatchOptions options;
    options.batch_size = 7;
    return std::make_unique<data::Batches>(
        numbers.to(at::kByte).view({-1, 1, 1, 1}), numbers % 5,
        options.plain());
  }

  mutable std::vector<std::int64_t> asked;
};

Sample sample_of(const Numbered& images, std::int64_t count,
                 std::uint64_t seed = 0) {
  return {images, tasks::classification().meter, c10::kCPU, count, seed};
}

train::Model some_net() {
  torch::manual_seed(2);
  torch::nn::Linear linear(1, 5);
  return {linear.ptr(), [linear](const torch::Tensor& images) mutable {
            return linear->forward(images.flatten(1));
          }};
}

TEST(Samples, AreDrawnBySeed) {
  const Numbered images;
  (void)sample_of(images, 20);
  const auto first = images.asked;
  EXPECT_EQ(first.size(), 20U);
  EXPECT_TRUE(std::is_sorted(first.begin(), first.end()));
  EXPECT_EQ(std::adjacent_find(first.begin(), first.end()), first.end());
  EXPECT_LT(first.back(), kCount);
  (void)sample_of(images, 20);
  EXPECT_EQ(images.asked, first);
  (void)sample_of(images, 20, 1);
  EXPECT_NE(images.asked, first);
  EXPECT_EQ(error_of([&] { (void)sample_of(images, kCount + 1); }),
            "--images: must be at most 50, as many as there are, got 51");
}

/// The last batch has fewer images than the others.
TEST(Samples, HaveALossOfParts) {
  const Numbered images;
  const auto sample = sample_of(images, 20);
  const auto net = some_net();
  int calls = 0;
  const auto parts = sample.loss_parts(net, [&calls] { ++calls; });
  ASSERT_EQ(parts.size(), 3U);
  double sum = 0;
  for (const auto& part : parts) {
    const auto loss = part();
    EXPECT_TRUE(loss.requires_grad());
    sum += loss.item<double>();
  }
  EXPECT_EQ(calls, 3);
  EXPECT_NEAR(sum, sample.evaluate(net).at("loss"), kFloatError * sum);
}

}  // namespace
}  // namespace expandnet::examples
