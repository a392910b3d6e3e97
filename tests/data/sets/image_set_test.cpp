#include <ATen/Functions.h>
#include <expandnet/data/sets/image_set.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "testing.h"

namespace expandnet::data {
namespace {

/// Images that hold their index, in classes of these sizes, shuffled.
ImageSet set_of(const std::vector<std::int64_t>& sizes) {
  torch::manual_seed(0);
  std::vector<at::Tensor> labels;
  for (std::size_t c = 0; c < sizes.size(); ++c) {
    labels.push_back(
        at::full({sizes[c]}, static_cast<std::int64_t>(c), at::kLong));
  }
  const auto label = at::cat(labels);
  const auto count = label.size(0);
  return {at::arange(count).to(at::kByte).view({-1, 1, 1, 1}),
          label.index_select(0, at::randperm(count)),
          static_cast<std::int64_t>(sizes.size()), "mnist"};
}

std::vector<std::int64_t> indices_of(const ImageSet& set) {
  const auto index = set.images.flatten().to(at::kLong).contiguous();
  const auto* data = index.const_data_ptr<std::int64_t>();
  return {data, data + index.numel()};
}

std::vector<std::int64_t> sizes_of(const ImageSet& set) {
  const auto sizes = at::bincount(set.labels, {}, set.classes);
  const auto* data = sizes.const_data_ptr<std::int64_t>();
  return {data, data + sizes.numel()};
}

TEST(ImageSetSplit, PutsEveryImageIntoOneOfTheTwoInOrder) {
  const auto set = set_of({60, 40, 100});

  const auto [training, validation] = split(set, 50, 1);

  EXPECT_EQ(validation.images.size(0), 50);
  EXPECT_EQ(validation.name, "mnist");
  EXPECT_EQ(validation.classes, 3);
  auto all = indices_of(training);
  auto others = indices_of(validation);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_TRUE(std::is_sorted(others.begin(), others.end()));
  all.insert(all.end(), others.begin(), others.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, indices_of(set));
  for (const auto& part : {training, validation}) {
    EXPECT_TRUE(part.labels.equal(
        set.labels.index_select(0, part.images.flatten().to(at::kLong))));
  }
}

TEST(ImageSetSplit, GivesValidationItsShareOfEachClass) {
  EXPECT_EQ(sizes_of(split(set_of({60, 40, 100}), 50, 1).validation),
            (std::vector<std::int64_t>{15, 10, 25}));
  // 3.3 of each: one class gives one more.
  EXPECT_EQ(sizes_of(split(set_of({20, 20, 20}), 10, 1).validation),
            (std::vector<std::int64_t>{4, 3, 3}));
  // 0.9, 0.1 and 9: the largest remainder is rounded up.
  EXPECT_EQ(sizes_of(split(set_of({18, 2, 180}), 10, 1).validation),
            (std::vector<std::int64_t>{1, 0, 9}));
  EXPECT_EQ(sizes_of(split(set_of({5, 0, 1}), 5, 1).training),
            (std::vector<std::int64_t>{1, 0, 0}));
}

TEST(ImageSetSplit, DependsOnTheSeedAlone) {
  const auto set = set_of({60, 40, 100});

  const auto first = indices_of(split(set, 50, 1).validation);
  torch::manual_seed(7);

  EXPECT_EQ(indices_of(split(set, 50, 1).validation), first);
  EXPECT_NE(indices_of(split(set, 50, 2).validation), first);
}

TEST(ImageSetSplit, DrawsTheSameOnEveryMachine) {
  const auto set = set_of({12});
  EXPECT_EQ(indices_of(split(set, 4, 0).validation),
            (std::vector<std::int64_t>{0, 5, 6, 9}));
}

TEST(ImageSetSplit, LeavesAllToTrainingWhenAskedForNone) {
  const auto set = set_of({3, 4});

  const auto [training, validation] = split(set, 0, 1);

  EXPECT_TRUE(training.images.equal(set.images));
  EXPECT_EQ(validation.images.sizes(), (at::IntArrayRef{0, 1, 1, 1}));
  EXPECT_EQ(validation.labels.sizes(), (at::IntArrayRef{0}));
}

TEST(ImageSetSplit, RefusesACountOutOfRangeAndWrongLabels) {
  auto set = set_of({3, 4});
  for (const std::int64_t count : {-1, 7}) {
    EXPECT_EQ(
        testing::error_of([&] { static_cast<void>(split(set, count, 0)); }),
        "split: validation_count must be 0 to 6, got " + std::to_string(count) +
            "; leave images to train on");
  }
  set.labels.fill_(2);
  EXPECT_EQ(testing::error_of([&] { static_cast<void>(split(set, 1, 0)); }),
            "split: a label must be 0 to 1, got 2 for image 0; correct the "
            "set");
}

TEST(AsRgb32, FramesGreyImagesInBlackThreeTimes) {
  torch::manual_seed(0);
  const ImageSet grey = {at::randint(1, 256, {2, 1, 28, 28}, at::kByte),
                         at::zeros({2}, at::kLong), 10, "mnist"};

  const auto rgb = as_rgb32(grey);

  EXPECT_EQ(rgb.images.sizes(), (at::IntArrayRef{2, 3, 32, 32}));
  EXPECT_EQ(rgb.images.scalar_type(), at::kByte);
  EXPECT_TRUE(rgb.images.is_contiguous());
  EXPECT_EQ(rgb.name, "mnist");
  EXPECT_TRUE(rgb.labels.is_same(grey.labels));
  for (int channel = 0; channel < 3; ++channel) {
    const auto image = rgb.images.select(1, channel);
    EXPECT_TRUE(
        image.slice(1, 2, 30).slice(2, 2, 30).equal(grey.images.select(1, 0)));
    EXPECT_EQ(image.ne(0).sum().item<int>(), 2 * 28 * 28);
  }
}

TEST(AsRgb32, LeavesColourImagesAndRefusesOthers) {
  ImageSet set = {at::zeros({2, 3, 32, 32}, at::kByte),
                  at::zeros({2}, at::kLong), 10, "cifar10"};
  EXPECT_TRUE(as_rgb32(set).images.is_same(set.images));

  set.images = at::zeros({2, 1, 32, 32}, at::kByte);
  EXPECT_EQ(testing::error_of([&] { static_cast<void>(as_rgb32(set)); }),
            "as_rgb32: images must be [N, 1, 28, 28] or [N, 3, 32, 32], got "
            "[2, 1, 32, 32]; resize them before");
}

}  // namespace
}  // namespace expandnet::data
