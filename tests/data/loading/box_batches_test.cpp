#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <expandnet/data/loading/box_batches.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "data/images/image_files.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

namespace fs = std::filesystem;
using data::BoxBatches;
using data::BoxBatchOptions;

/// Seven images of several sizes with 0 to 2 objects each; the third image has
/// one that is difficult and one that is a crowd.
class BoxBatchesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              ("expandnet_box_batches_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    data::AnnotatedSet set;
    set.classes = {"cat", "dog"};
    for (int i = 0; i < 7; ++i) {
      data::AnnotatedImage image;
      image.name = std::to_string(i);
      image.path = (folder_ / (image.name + ".jpg")).string();
      image.size = {60 + 7 * i, 90 - 3 * i};
      std::ofstream(image.path, std::ios::binary) << data::jpeg_file(
          data::wavy_image(image.size.height, image.size.width, i));
      for (int k = 0; k < i % 3; ++k) {
        data::AnnotatedObject object;
        object.box = {10.0 + k, 20.0 + k, 30, 25};
        object.label = k;
        image.objects.push_back(object);
      }
      set.images.push_back(image);
    }
    set.images[2].objects[0].difficult = true;
    set.images[2].objects[1].crowd = true;
    set_ = std::make_shared<const data::AnnotatedSet>(std::move(set));
  }
  void TearDown() override { fs::remove_all(folder_); }

  static BoxBatchOptions options(int workers = 2) {
    BoxBatchOptions options;
    options.size = 64;
    options.batch_size = 2;
    options.workers = workers;
    options.seed = 5;
    return options;
  }
  static BoxBatchOptions plain() {
    auto plain = options();
    plain.transform = data::BoxEvalTransform{};
    return plain;
  }
  static std::vector<data::Batch> epoch_of(BoxBatches& batches,
                                           std::int64_t epoch) {
    std::vector<data::Batch> result;
    batches.start_epoch(epoch);
    for (std::int64_t i = 0; i < batches.size(); ++i) {
      result.push_back(batches.batch(i));
    }
    return result;
  }
  static void expect_equal(const data::Batch& a, const data::Batch& b) {
    EXPECT_TRUE(a.images.equal(b.images));
    ASSERT_EQ(a.targets.all().size(), b.targets.all().size());
    for (std::size_t i = 0; i < a.targets.all().size(); ++i) {
      EXPECT_TRUE(a.targets.all()[i].equal(b.targets.all()[i])) << i;
    }
  }

  fs::path folder_;
  std::shared_ptr<const data::AnnotatedSet> set_;
};

TEST_F(BoxBatchesTest, OfAnEvaluationSayWhatIsMeantInPixelsOfTheImage) {
  BoxBatches batches(set_, plain(), at::kCPU);
  const auto made = epoch_of(batches, 3);
  ASSERT_EQ(made.size(), 4U);
  const auto& targets = made[2].targets.all();  // images 4 and 5
  ASSERT_EQ(targets.size(), 3U);
  EXPECT_TRUE(targets[2].equal(
      at::tensor({4, 88, 78, 0, 0, 78, 88, 5, 95, 75, 0, 0, 75, 95},
                 at::kDouble)
          .view({2, data::kImageColumns})));
  // The second image has two objects, so both have two rows.
  EXPECT_EQ(targets[1].sizes(),
            (std::vector<std::int64_t>{2, 2, data::kMeantColumns}));
  EXPECT_TRUE(targets[1][0][0].equal(
      at::tensor({20.0, 10.0, 25.0, 30.0, 0.0, 0.0, 0.0}, at::kDouble)));
  EXPECT_TRUE(targets[1][0][1].equal(
      at::full({data::kMeantColumns}, -1.0, at::kDouble)));
  EXPECT_TRUE(targets[1][1][1].equal(
      at::tensor({21.0, 11.0, 25.0, 30.0, 1.0, 0.0, 0.0}, at::kDouble)));
  // As shares of the picture.
  const auto box = targets[0][0][0];
  EXPECT_LE(relative_error(box, at::tensor({(20 + 12.5) / 78, 25.0 / 88,
                                            25.0 / 78, 30.0 / 88, 0.0})
                                    .to(at::kFloat)),
            1e-6);
}

TEST_F(BoxBatchesTest, SayWhichAreaALetterboxCovers) {
  auto letterbox = plain();
  letterbox.transform = data::BoxEvalTransform{data::Fit::kLetterbox};
  letterbox.images = {0};  // 90 x 60, so 64 x 43 with 10 rows above
  BoxBatches batches(set_, letterbox, at::kCPU);
  const auto targets = batches.batch(0).targets.all();
  const auto image = targets[2][0];
  EXPECT_EQ(image[data::kPictureLeft].item<double>(), 0);
  EXPECT_EQ(image[data::kPictureWidth].item<double>(), 90);
  EXPECT_NEAR(image[data::kPictureTop].item<double>(), -10 * 60.0 / 43, 1e-9);
  EXPECT_NEAR(image[data::kPictureHeight].item<double>(), 64 * 60.0 / 43, 1e-9);
}

TEST_F(BoxBatchesTest, LeaveDifficultObjectsAndCrowdsOutOfTheBoxes) {
  BoxBatches batches(set_, plain(), at::kCPU);
  const auto targets = batches.batch(1).targets.all();  // images 2 and 3
  EXPECT_TRUE(targets[0].select(2, 4).eq(-1).all().item<bool>());
  EXPECT_EQ(targets[1][0][0][data::kMeantDifficult].item<double>(), 1);
  EXPECT_EQ(targets[1][0][1][data::kMeantCrowd].item<double>(), 1);
}

TEST_F(BoxBatchesTest, OfATrainingCountTheImagesBefore) {
  auto several = options();
  several.drop_last = true;
  BoxBatches batches(set_, several, at::kCPU);
  ASSERT_EQ(batches.size(), 3);
  batches.start_epoch(2);
  const auto batch = batches.batch(1);
  ASSERT_EQ(batch.targets.all().size(), 2U);
  EXPECT_EQ(batch.targets.all()[1].item<std::int64_t>(), (2 * 3 + 1) * 2);
  // Two objects are the most of an image.
  EXPECT_EQ(batch.targets.all()[0].sizes(),
            (std::vector<std::int64_t>{2, 2, 5}));
}

TEST_F(BoxBatchesTest, AreTheSameForAnyNumberOfWorkersAndFromTheMiddle) {
  BoxBatches one(set_, options(1), at::kCPU);
  BoxBatches three(set_, options(3), at::kCPU);
  const auto first = epoch_of(one, 1);
  const auto second = epoch_of(three, 1);
  ASSERT_EQ(first.size(), second.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    expect_equal(first[i], second[i]);
  }
  BoxBatches late(set_, options(), at::kCPU);
  late.start_epoch(1);
  expect_equal(late.batch(2), first[2]);
}

TEST_F(BoxBatchesTest, OfRanksAreTheSharesOfOne) {
  auto whole = options();
  whole.batch_size = 4;
  whole.drop_last = true;
  BoxBatches one(set_, whole, at::kCPU);
  const auto all = one.batch(0);
  for (std::int64_t rank = 0; rank < 2; ++rank) {
    auto share = whole;
    share.rank = rank;
    share.ranks = 2;
    BoxBatches ours(set_, share, at::kCPU);
    const auto batch = ours.batch(0);
    EXPECT_TRUE(batch.images.equal(all.images.narrow(0, 2 * rank, 2)));
    EXPECT_TRUE(batch.targets.all()[0].equal(
        all.targets.all()[0].narrow(0, 2 * rank, 2)));
    EXPECT_TRUE(batch.targets.all()[1].equal(all.targets.all()[1]));
  }
}

TEST_F(BoxBatchesTest, ChangeTheirSidesByTheBatch) {
  auto several = options();
  several.scales = data::MultiScale{32, 96, 32, 1};
  BoxBatches batches(set_, several, at::kCPU);
  std::set<std::int64_t> sides;
  for (std::int64_t epoch = 0; epoch < 4; ++epoch) {
    batches.start_epoch(epoch);
    for (std::int64_t i = 0; i < batches.size(); ++i) {
      const auto side = batches.batch(i).images.size(3);
      EXPECT_EQ(side, several.scales->side(5, epoch, i));
      sides.insert(side);
    }
  }
  EXPECT_GT(sides.size(), 1U);
}

TEST_F(BoxBatchesTest, ReadOnlyTheImagesThatAreAskedFor) {
  auto some = plain();
  some.images = {6, 1};
  BoxBatches batches(set_, some, at::kCPU);
  ASSERT_EQ(batches.size(), 1);
  const auto numbers = batches.batch(0).targets.all()[2].select(1, 0);
  EXPECT_TRUE(numbers.equal(at::tensor({6.0, 1.0}, at::kDouble)));
}

TEST_F(BoxBatchesTest, SkipBadImagesIfTheyMay) {
  const auto bad = set_->images[1].path;
  std::ofstream(bad, std::ios::binary) << "no image";
  BoxBatches strict(set_, plain(), at::kCPU);
  EXPECT_THROW(static_cast<void>(strict.batch(0)), std::runtime_error);
  auto lax = plain();
  lax.on_bad_image = data::OnBadImage::kSkip;
  BoxBatches batches(set_, lax, at::kCPU);
  EXPECT_EQ(batches.batch(0).images.size(0), 1);
  EXPECT_EQ(batches.skipped(), std::vector<std::string>{bad});
}

TEST_F(BoxBatchesTest, AreEmptyWhereAllImagesAreSkipped) {
  const auto bad = set_->images[1].path;
  std::ofstream(bad, std::ios::binary) << "no image";
  auto lax = plain();
  lax.on_bad_image = data::OnBadImage::kSkip;
  lax.images = {1};
  BoxBatches batches(set_, lax, at::kCPU);
  const auto batch = batches.batch(0);
  EXPECT_EQ(batch.images.size(0), 0);
  for (const auto& target : batch.targets.all()) EXPECT_EQ(target.size(0), 0);
  EXPECT_EQ(batches.skipped(), std::vector<std::string>{bad});
}

TEST_F(BoxBatchesTest, RefuseImagesOfAnotherSizeThanTheirAnnotation) {
  auto other = *set_;
  other.images[0].size.width += 1;
  BoxBatches batches(std::make_shared<const data::AnnotatedSet>(other), plain(),
                     at::kCPU);
  try {
    static_cast<void>(batches.batch(0));
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string(error.what()),
              "BoxBatches: an image must have the size that its annotation "
              "states (91 x 60), got 90 x 60 in \"" +
                  set_->images[0].path + "\"; correct the annotation");
  }
}

TEST_F(BoxBatchesTest, RefuseOptionsOutOfRange) {
  const auto error = [&](const BoxBatchOptions& wrong) {
    return error_of([&] { BoxBatches(set_, wrong, at::kCPU); });
  };
  auto wrong = options();
  wrong.images = {7};
  EXPECT_EQ(error(wrong),
            "BoxBatches: images must be places in the set, below 7, got 7");
  wrong = options();
  wrong.size = 0;
  EXPECT_EQ(error(wrong), "BoxBatches: size must be positive, got 0");
  wrong = plain();
  wrong.scales = data::MultiScale{};
  EXPECT_EQ(error(wrong),
            "BoxBatches: only pictures to train on change in size, got scales "
            "to evaluate");
  EXPECT_EQ(error_of([&] {
              BoxBatches(std::make_shared<const data::AnnotatedSet>(),
                         options(), at::kCPU);
            }),
            "BoxBatches: there must be images, got none");
}

}  // namespace
}  // namespace expandnet::testing
