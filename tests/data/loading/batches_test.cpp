#include <expandnet/data/loading/batches.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <set>

#include "testing.h"

namespace expandnet::testing {
namespace {

using data::Batches;
using data::BatchOptions;

/// Images whose pixels all differ from each other; the label is the number.
at::Tensor some_images(std::int64_t count = 10) {
  torch::manual_seed(0);
  return torch::randint(1, 256, {count, 3, 6, 5}, at::kByte);
}

at::Tensor numbers(std::int64_t count = 10) {
  return torch::arange(count, at::kLong);
}

BatchOptions small_options() {
  BatchOptions options;
  options.batch_size = 4;
  options.padding = 2;
  options.mean = {0.5, 0.25, 0.125};
  options.stddev = {0.25, 0.5, 1};
  return options;
}

/// One pixel of one image, cropped, flipped and normalized by hand.
double pixel(const at::Tensor& image, const BatchOptions& options,
             std::int64_t channel, std::int64_t row, std::int64_t column,
             std::int64_t top, std::int64_t left, bool flip) {
  const auto width = image.size(2);
  const auto y = row + top - options.padding;
  const auto x = (flip ? width - 1 - column : column) + left - options.padding;
  const bool inside =
      y >= 0 && y < image.size(1) && x >= 0 && x < image.size(2);
  const auto value = inside ? image[channel][y][x].item<double>() : 0;
  const auto c = static_cast<std::size_t>(channel);
  return (value / 255 - options.mean[c]) / options.stddev[c];
}

/// Whether `made` is `image` under this crop and flip.
bool is_made_by(const at::Tensor& made, const at::Tensor& image,
                const BatchOptions& options, std::int64_t top,
                std::int64_t left, bool flip) {
  for (std::int64_t c = 0; c < 3; ++c) {
    for (std::int64_t y = 0; y < image.size(1); ++y) {
      for (std::int64_t x = 0; x < image.size(2); ++x) {
        const auto expected = pixel(image, options, c, y, x, top, left, flip);
        if (std::abs(made[c][y][x].item<double>() - expected) > 1e-5) {
          return false;
        }
      }
    }
  }
  return true;
}

TEST(Batches, CropFlipAndNormalizeLikeTheScalarReference) {
  const auto images = some_images();
  const auto options = small_options();
  Batches batches(images, numbers(), options);
  std::set<std::pair<std::int64_t, std::int64_t>> crops;
  std::set<bool> flips;
  for (std::int64_t i = 0; i < batches.size(); ++i) {
    const auto [made, labels] = batches.batch(i);
    for (std::int64_t n = 0; n < made.size(0); ++n) {
      const auto image = images[labels.one()[n].item<std::int64_t>()];
      int found = 0;
      for (std::int64_t top = 0; top <= 4; ++top) {
        for (std::int64_t left = 0; left <= 4; ++left) {
          for (const bool flip : {false, true}) {
            if (!is_made_by(made[n], image, options, top, left, flip)) {
              continue;
            }
            ++found;
            crops.insert({top, left});
            flips.insert(flip);
          }
        }
      }
      EXPECT_EQ(found, 1) << "image " << n << " of batch " << i;
    }
  }
  EXPECT_GE(crops.size(), 5U);
  EXPECT_EQ(flips.size(), 2U);
}

TEST(Batches, HoldEveryImageOnceAnEpoch) {
  Batches batches(some_images(), numbers(), small_options());
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    batches.start_epoch(epoch);
    std::vector<std::int64_t> seen;
    ASSERT_EQ(batches.size(), 3);
    for (std::int64_t i = 0; i < batches.size(); ++i) {
      const auto labels = batches.batch(i).targets.one();
      EXPECT_EQ(labels.size(0), i < 2 ? 4 : 2);
      for (std::int64_t n = 0; n < labels.size(0); ++n) {
        seen.push_back(labels[n].item<std::int64_t>());
      }
    }
    EXPECT_FALSE(std::is_sorted(seen.begin(), seen.end()));
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(seen, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  }
}

TEST(Batches, DependOnSeedAndEpochAlone) {
  Batches straight(some_images(), numbers(), small_options());
  Batches jumped(some_images(), numbers(), small_options());
  straight.start_epoch(0);
  static_cast<void>(straight.batch(1));
  straight.start_epoch(1);
  straight.start_epoch(2);
  torch::manual_seed(77);  // the global state has no part in it
  jumped.start_epoch(2);
  EXPECT_TRUE(straight.batch(1).images.equal(jumped.batch(1).images));

  straight.start_epoch(1);
  EXPECT_FALSE(straight.batch(1).images.equal(jumped.batch(1).images));
  auto options = small_options();
  options.seed = 1;
  Batches other(some_images(), numbers(), options);
  other.start_epoch(2);
  EXPECT_FALSE(other.batch(1).images.equal(jumped.batch(1).images));
}

TEST(Batches, ArePlainForEvaluation) {
  const auto images = some_images();
  auto options = small_options().plain();
  options.mean.clear();
  options.stddev.clear();
  Batches batches(images, numbers(), options);

  const auto [made, labels] = batches.batch(2);

  EXPECT_TRUE(labels.one().equal(torch::tensor({8, 9}, at::kLong)));
  EXPECT_LE(relative_error(made, images.slice(0, 8).to(at::kDouble) / 255),
            1e-6);
}

TEST(Batches, LieInMemoryAsAsked) {
  auto options = small_options();
  Batches contiguous(some_images(), numbers(), options);
  options.memory_format = at::MemoryFormat::ChannelsLast;
  Batches channels_last(some_images(), numbers(), options);
  for (std::int64_t i = 0; i < contiguous.size(); ++i) {
    const auto expected = contiguous.batch(i).images;
    const auto images = channels_last.batch(i).images;
    EXPECT_TRUE(expected.is_contiguous());
    EXPECT_TRUE(images.is_contiguous(at::MemoryFormat::ChannelsLast));
    EXPECT_TRUE(images.equal(expected));
  }
}

TEST(Batches, MayDropTheLast) {
  auto options = small_options();
  options.drop_last = true;

  EXPECT_EQ(Batches(some_images(), numbers(), options).size(), 2);
}

TEST(BatchErrors, NameShapeAndOption) {
  const auto error = [](const at::Tensor& images, const at::Tensor& labels,
                        const BatchOptions& options) {
    return error_of([&] { Batches(images, labels, options); });
  };
  EXPECT_EQ(error(some_images().to(at::kFloat), numbers(), small_options()),
            "Batches: images must be uint8 [N, C, H, W], got Float "
            "[10, 3, 6, 5]");
  EXPECT_EQ(error(some_images(), numbers(9), small_options()),
            "Batches: labels must be int64 [10], got Long [9]");
  EXPECT_EQ(error(some_images(0), numbers(0), small_options()),
            "Batches: there must be an image, got none");
  auto options = small_options();
  options.batch_size = 0;
  EXPECT_EQ(error(some_images(), numbers(), options),
            "Batches: batch_size must be positive, got 0");
  options = small_options();
  options.padding = -1;
  EXPECT_EQ(error(some_images(), numbers(), options),
            "Batches: padding must not be negative, got -1");
  options = small_options();
  options.mean = {0.5};
  EXPECT_EQ(error(some_images(), numbers(), options),
            "Batches: mean and stddev must have one entry per channel (3) "
            "or none, got 1 and 3");
  options = small_options();
  options.stddev[1] = 0;
  EXPECT_EQ(error(some_images(), numbers(), options),
            "Batches: stddev must be positive, got 0");
  Batches batches(some_images(), numbers(), small_options());
  EXPECT_EQ(error_of([&] { static_cast<void>(batches.batch(3)); }),
            "Batches: index must be below 3, got 3");
}

TEST(Batches, AugmentImagesInEitherMemoryFormatAlike) {
  auto options = small_options();
  options.padding = 0;
  options.flip = false;
  options.shuffle = false;
  options.mean.clear();
  options.stddev.clear();
  options.augment = {2, 20};
  options.seed = 5;
  const auto images = some_images();
  for (const auto format :
       {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
    options.memory_format = format;
    Batches batches(images, numbers(), options);
    batches.start_epoch(3);
    const auto [made, labels] = batches.batch(1);
    for (std::int64_t i = 0; i < made.size(0); ++i) {
      const auto index = labels.one()[i].item<std::int64_t>();
      // [H, W, 3], by hand.
      auto pixels = images[index].permute({1, 2, 0}).contiguous().clone();
      options.augment.apply(pixels.mutable_data_ptr<std::uint8_t>(), {6, 5},
                            {5, 3, index});
      const auto expected = pixels.permute({2, 0, 1}).to(at::kFloat) / 255;
      EXPECT_LE(relative_error(made[i], expected), 1e-6);
    }
  }
  EXPECT_EQ(options.plain().augment.changes, 0);
  EXPECT_EQ(
      error_of([&] {
        Batches(torch::zeros({1, 1, 6, 5}, at::kByte), numbers(1), options);
      }),
      "Batches: RandAugment needs three channels, got 1");
}

}  // namespace
}  // namespace expandnet::testing
