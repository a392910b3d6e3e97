#include <ATen/Functions.h>
#include <expandnet/data/sets/image_dataset.h>
#include <gtest/gtest.h>
#include <torch/data/dataloader.h>
#include <torch/data/datasets/map.h>
#include <torch/data/samplers/sequential.h>
#include <torch/data/transforms/stack.h>
#include <torch/data/transforms/tensor.h>

#include "testing.h"

namespace expandnet::data {
namespace {

ImageSet three_images() {
  return {at::arange(12).view({3, 1, 2, 2}).mul(20).to(at::kByte),
          at::arange(3), 10, "mnist"};
}

TEST(ImageDataset, GivesPixelsFromZeroToOneAndLabels) {
  ImageDataset dataset(three_images());

  const auto example = dataset.get(2);

  EXPECT_EQ(dataset.size(), 3);
  EXPECT_EQ(example.data.scalar_type(), at::kFloat);
  EXPECT_TRUE(example.data.equal(
      at::arange(8, 12, at::kFloat).mul(20).div(255).view({1, 2, 2})));
  EXPECT_EQ(example.target.scalar_type(), at::kLong);
  EXPECT_EQ(example.target.item<int>(), 2);
}

TEST(ImageDataset, FeedsADataLoader) {
  namespace transforms = torch::data::transforms;
  const auto set = three_images();
  auto loader =
      torch::data::make_data_loader<torch::data::samplers::SequentialSampler>(
          ImageDataset(set)
              .map(transforms::Normalize<>(0.5, 0.25))
              .map(transforms::Stack<>()),
          /*batch_size=*/3);

  std::int64_t batches = 0;
  for (const auto& batch : *loader) {
    ++batches;
    EXPECT_TRUE(batch.data.equal(
        set.images.to(at::kFloat).div(255).sub(0.5).div(0.25)));
    EXPECT_TRUE(batch.target.equal(set.labels));
  }
  EXPECT_EQ(batches, 1);
}

TEST(ImageDataset, RefusesAnIndexBeyondTheEnd) {
  ImageDataset dataset(three_images());

  EXPECT_EQ(testing::error_of([&] { dataset.get(3); }),
            "ImageDataset: index must be below 3, got 3; ask size() first");
}

}  // namespace
}  // namespace expandnet::data
