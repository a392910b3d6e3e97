#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <expandnet/data/loading/mask_batches.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "data/images/image_files.h"
#include "data/images/png_files.h"
#include "data/sets/files.h"
#include "testing.h"

namespace expandnet::data {
namespace {

using expandnet::testing::error_of;

constexpr std::int64_t kMaskedImages = 7;

/// Seven images of three sizes. The mask of each has its stripes at another
/// place: 0 is ground, 1 and 2 are classes, 255 is ignored.
class MaskBatchesTest : public FilesTest {
 protected:
  void SetUp() override {
    MaskSet set;
    set.classes = {"ground", "one", "two"};
    set.labels = {0, 1, 2};
    set.labels.resize(256, -1);
    set.labels[kIgnoredLabel] = kIgnoredLabel;
    for (int i = 0; i < kMaskedImages; ++i) {
      const ImageSize size = {24 + 8 * (i % 3), 40};
      const auto name = std::to_string(i);
      MaskedImage image;
      image.path = write(name + ".jpg",
                         jpeg_file(wavy_image(size.height, size.width, i)));
      image.mask = write(name + ".png", mask_file(size, i));
      image.name = name;
      image.size = size;
      set.images.push_back(image);
    }
    set_ = std::make_shared<const MaskSet>(std::move(set));
  }

  static std::string mask_file(ImageSize size, int shift) {
    std::vector<std::uint32_t> samples;
    for (std::int64_t y = 0; y < size.height; ++y) {
      for (std::int64_t x = 0; x < size.width; ++x) {
        const auto stripe = (x + y + shift) / 5 % 4;
        samples.push_back(stripe == 3 ? 255
                                      : static_cast<std::uint32_t>(stripe));
      }
    }
    PngLayout layout;
    layout.colour = 0;
    return png_file(samples, size, layout);
  }

  static MaskBatchOptions options(int workers = 2) {
    MaskBatchOptions options;
    options.size = {16, 32};
    options.batch_size = 2;
    options.workers = workers;
    options.seed = 5;
    return options;
  }
  static MaskBatchOptions whole() {
    auto whole = options();
    whole.transform.reset();
    return whole;
  }
  static std::vector<Batch> epoch_of(MaskBatches& batches, std::int64_t epoch) {
    std::vector<Batch> result;
    batches.start_epoch(epoch);
    for (std::int64_t i = 0; i < batches.size(); ++i) {
      result.push_back(batches.batch(i));
    }
    return result;
  }
  static bool are_equal(const Batch& a, const Batch& b) {
    return a.images.equal(b.images) && a.targets.one().equal(b.targets.one());
  }
  /// As the transform reads them by itself.
  static at::Tensor labels_of(LabelledPicture picture) {
    auto& labels = picture.labels;
    return at::from_blob(labels.labels.data(), {labels.height, labels.width},
                         at::kByte)
        .clone();
  }

  std::shared_ptr<const MaskSet> set_;
};

TEST_F(MaskBatchesTest, AreTheCropsOfTheTransformWithTheirLabels) {
  auto some = options();
  some.images = {3, 6};
  some.mean = {0, 0, 0};
  some.stddev = {1, 1, 1};
  MaskBatches batches(set_, some, at::kCPU);
  batches.start_epoch(4);
  const auto batch = batches.batch(0);
  EXPECT_EQ(batch.images.sizes(), (std::vector<std::int64_t>{2, 3, 16, 32}));
  EXPECT_TRUE(batch.images.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_EQ(batch.targets.one().scalar_type(), at::kByte);
  std::set<std::int64_t> found;
  for (std::int64_t i = 0; i < 2; ++i) {
    for (const std::int64_t place : {3, 6}) {
      const auto& image = set_->images[static_cast<std::size_t>(place)];
      // The key is the place in the set, not in the choice.
      auto picture = MaskTrainTransform{}.read(
          image.path, image.mask, set_->labels, {16, 32}, {5, 4, place});
      const auto pixels =
          at::from_blob(picture.image.pixels.data(), {16, 32, 3}, at::kByte)
              .permute({2, 0, 1})
              .to(at::kFloat) /
          255;
      if (!batch.images[i].allclose(pixels, 0, 1e-6)) continue;
      found.insert(place);
      EXPECT_TRUE(batch.targets.one()[i].equal(labels_of(picture)));
    }
  }
  EXPECT_EQ(found, (std::set<std::int64_t>{3, 6}));
}

TEST_F(MaskBatchesTest, AreWholeImagesOfOneSizeToEvaluate) {
  MaskBatches batches(set_, whole(), at::kCPU);
  const auto made = epoch_of(batches, 3);
  // Three images of 24 x 40, two of 32 x 40 and two of 40 x 40.
  const std::vector<std::vector<std::size_t>> expected = {
      {0, 3}, {6}, {1, 4}, {2, 5}};
  ASSERT_EQ(made.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto& labels = made[i].targets.one();
    ASSERT_EQ(labels.size(0), static_cast<std::int64_t>(expected[i].size()));
    for (std::size_t k = 0; k < expected[i].size(); ++k) {
      const auto& image = set_->images[expected[i][k]];
      EXPECT_EQ(made[i].images.size(2), image.size.height);
      EXPECT_EQ(made[i].images.size(3), image.size.width);
      EXPECT_TRUE(labels[static_cast<std::int64_t>(k)].equal(
          labels_of(read_labelled(image.path, image.mask, set_->labels))));
    }
  }
  // Each epoch is the same, and so is a set whose sizes nobody has read.
  auto unread = *set_;
  for (auto& image : unread.images) image.size = {};
  MaskBatches others(std::make_shared<const MaskSet>(unread), whole(),
                     at::kCPU);
  const auto again = epoch_of(others, 0);
  ASSERT_EQ(again.size(), made.size());
  for (std::size_t i = 0; i < made.size(); ++i) {
    EXPECT_TRUE(are_equal(made[i], again[i])) << i;
  }
}

TEST_F(MaskBatchesTest, AreTheSameForAnyNumberOfWorkersAndFromTheMiddle) {
  MaskBatches one(set_, options(1), at::kCPU);
  MaskBatches three(set_, options(3), at::kCPU);
  const auto first = epoch_of(one, 1);
  const auto second = epoch_of(three, 1);
  ASSERT_EQ(first.size(), 4U);
  ASSERT_EQ(second.size(), 4U);
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_TRUE(are_equal(first[i], second[i])) << i;
  }
  MaskBatches late(set_, options(), at::kCPU);
  late.start_epoch(1);
  EXPECT_TRUE(are_equal(late.batch(2), first[2]));
  EXPECT_FALSE(are_equal(epoch_of(one, 2)[0], first[0]));
}

TEST_F(MaskBatchesTest, OfRanksAreTheSharesOfOne) {
  auto all_ranks = options();
  all_ranks.batch_size = 4;
  all_ranks.drop_last = true;
  MaskBatches one(set_, all_ranks, at::kCPU);
  const auto all = one.batch(0);
  for (std::int64_t rank = 0; rank < 2; ++rank) {
    auto share = all_ranks;
    share.rank = rank;
    share.ranks = 2;
    MaskBatches ours(set_, share, at::kCPU);
    EXPECT_EQ(ours.size(), 1);
    const auto batch = ours.batch(0);
    EXPECT_TRUE(batch.images.equal(all.images.narrow(0, 2 * rank, 2)));
    EXPECT_TRUE(
        batch.targets.one().equal(all.targets.one().narrow(0, 2 * rank, 2)));
  }
}

TEST_F(MaskBatchesTest, SkipBadMasksIfTheyMay) {
  write("3.png", "no mask");
  MaskBatches strict(set_, whole(), at::kCPU);
  EXPECT_THROW(static_cast<void>(strict.batch(0)), std::runtime_error);
  auto lax = whole();
  lax.on_bad_image = OnBadImage::kSkip;
  MaskBatches batches(set_, lax, at::kCPU);
  const auto batch = batches.batch(0);
  EXPECT_EQ(batch.images.size(0), 1);
  EXPECT_TRUE(batch.targets.one()[0].equal(labels_of(read_labelled(
      set_->images[0].path, set_->images[0].mask, set_->labels))));
  EXPECT_EQ(batches.skipped(), std::vector<std::string>{set_->images[3].path});
}

TEST_F(MaskBatchesTest, AreEmptyWhereAllImagesAreSkipped) {
  write("6.png", "no mask");  // the third image of its size, in a batch of one
  auto lax = whole();
  lax.on_bad_image = OnBadImage::kSkip;
  MaskBatches batches(set_, lax, at::kCPU);
  const auto made = epoch_of(batches, 0);
  ASSERT_EQ(made.size(), 4U);
  EXPECT_EQ(made[1].images.size(0), 0);
  EXPECT_EQ(made[1].targets.one().size(0), 0);
  EXPECT_EQ(made[2].images.size(0), 2);
  EXPECT_EQ(batches.skipped(), std::vector<std::string>{set_->images[6].path});
}

TEST_F(MaskBatchesTest, RefuseAnImageThatHasChangedItsSize) {
  MaskBatches batches(set_, whole(), at::kCPU);
  write("0.jpg", jpeg_file(wavy_image(24, 48)));
  write("0.png", mask_file({24, 48}, 0));
  EXPECT_EQ(message_of([&] { static_cast<void>(batches.batch(0)); }),
            "MaskBatches: an image must have the size that it had, 40 x 24, "
            "got 48 x 24 in \"" +
                set_->images[0].path + "\"; read the set again");
}

TEST_F(MaskBatchesTest, RefuseOptionsOutOfRange) {
  const auto error = [&](const MaskBatchOptions& wrong) {
    return error_of([&] { MaskBatches(set_, wrong, at::kCPU); });
  };
  auto wrong = options();
  wrong.images = {7};
  EXPECT_EQ(error(wrong),
            "MaskBatches: images must be places in the set, below 7, got 7");
  wrong = options();
  wrong.size.width = 0;
  EXPECT_EQ(error(wrong), "MaskBatches: size must be positive, got 0 x 16");
  wrong = whole();
  wrong.batch_size = 0;
  EXPECT_EQ(error(wrong), "MaskBatches: batch_size must be positive, got 0");
  wrong = whole();
  wrong.ranks = 2;
  EXPECT_EQ(error(wrong),
            "MaskBatches: images that are evaluated are read by one rank, all "
            "of them, got 2 ranks; give each rank images of its own");
  wrong = whole();
  wrong.drop_last = true;
  EXPECT_EQ(error(wrong),
            "MaskBatches: images that are evaluated are read by one rank, all "
            "of them, got drop_last; give each rank images of its own");
  EXPECT_EQ(error_of([&] {
              MaskBatches(std::make_shared<const MaskSet>(), options(),
                          at::kCPU);
            }),
            "MaskBatches: there must be images, got none");
}

}  // namespace
}  // namespace expandnet::data
