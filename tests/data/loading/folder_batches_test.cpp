#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <expandnet/data/loading/folder_batches.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "data/images/image_files.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

namespace fs = std::filesystem;
using data::FolderBatches;
using data::FolderBatchOptions;

constexpr std::int64_t kSide = 32;

/// Two classes of images of several sizes, eleven in all.
class FolderBatchesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              ("expandnet_folder_batches_" + std::to_string(::getpid()));
    for (int i = 0; i < 11; ++i) {
      const auto place = folder_ / (i % 2 == 0 ? "cat" : "dog");
      fs::create_directories(place);
      write(place / (std::to_string(10 + i) + ".jpg"),
            data::jpeg_file(data::wavy_image(60 + 7 * i, 90 - 3 * i, i)));
    }
  }
  void TearDown() override { fs::remove_all(folder_); }

  static void write(const fs::path& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
  }
  [[nodiscard]] data::ImageFolder images() const {
    return data::scan_image_folder(folder_.string());
  }
  static FolderBatchOptions options(int workers = 2) {
    FolderBatchOptions options;
    options.transform = data::TrainTransform{kSide};
    options.batch_size = 4;
    options.workers = workers;
    options.seed = 3;
    return options;
  }
  static FolderBatchOptions plain() {
    auto plain = options();
    plain.transform = data::EvalTransform{40, kSide};
    return plain;
  }
  /// All images and labels of an epoch.
  static std::pair<at::Tensor, at::Tensor> epoch_of(FolderBatches& batches,
                                                    std::int64_t epoch) {
    std::vector<at::Tensor> images, labels;
    batches.start_epoch(epoch);
    for (std::int64_t i = 0; i < batches.size(); ++i) {
      const auto [x, y] = batches.batch(i);
      images.push_back(x);
      labels.push_back(y);
    }
    return {at::cat(images), at::cat(labels)};
  }

  fs::path folder_;
};

TEST_F(FolderBatchesTest, AreTheImagesInOrderNormalized) {
  FolderBatches batches(images(), plain(), at::kCPU);
  EXPECT_EQ(batches.size(), 3);
  const auto [made, labels] = epoch_of(batches, 5);
  ASSERT_EQ(made.sizes(), (std::vector<std::int64_t>{11, 3, kSide, kSide}));
  EXPECT_TRUE(
      batches.batch(0).images.is_contiguous(at::MemoryFormat::ChannelsLast));
  const auto files = images().files;
  const std::vector<double> mean = {.485, .456, .406};
  const std::vector<double> stddev = {.229, .224, .225};
  for (std::int64_t i = 0; i < 11; ++i) {
    const auto& file = files[static_cast<std::size_t>(i)];
    EXPECT_EQ(labels[i].item<std::int64_t>(), file.label);
    auto image = data::EvalTransform{40, kSide}.read(file.path);
    const auto expected =
        (at::from_blob(image.pixels.data(), {kSide, kSide, 3}, at::kByte)
             .to(at::kDouble)
             .div(255)
             .sub(at::tensor(mean))
             .div(at::tensor(stddev)))
            .permute({2, 0, 1});
    EXPECT_LE(relative_error(made[i], expected), 1e-6);
  }
}

TEST_F(FolderBatchesTest, AreNormalizedAsADeviceNormalizesBytes) {
  const auto per_channel = [](const at::Tensor& values) {
    return values.to(at::kFloat).view({3, 1, 1});
  };
  const auto mean = at::tensor({.485, .456, .406}, at::kDouble);
  const auto stddev = at::tensor({.229, .224, .225}, at::kDouble);
  FolderBatches batches(images(), plain(), at::kCPU);
  auto image = data::EvalTransform{40, kSide}.read(images().files[0].path);
  const auto bytes =
      at::from_blob(image.pixels.data(), {kSide, kSide, 3}, at::kByte)
          .permute({2, 0, 1});

  EXPECT_TRUE(batches.batch(0).images[0].equal(
      bytes.to(at::kFloat)
          .mul_(per_channel(1 / (255 * stddev)))
          .add_(per_channel(-mean / stddev))));
}

TEST_F(FolderBatchesTest, StayAsTheyAreForWhoKeepsThem) {
  FolderBatches batches(images(), options(), at::kCPU);
  std::vector<at::Tensor> kept;
  std::vector<at::Tensor> copies;
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    batches.start_epoch(epoch);
    for (std::int64_t i = 0; i < batches.size(); ++i) {
      kept.push_back(batches.batch(i).images);
      copies.push_back(kept.back().clone());
    }
  }
  for (std::size_t i = 0; i < kept.size(); ++i) {
    EXPECT_TRUE(kept[i].equal(copies[i])) << i;
  }
}

TEST_F(FolderBatchesTest, AreSharedByRanks) {
  auto shared = options();
  shared.drop_last = true;
  FolderBatches whole(images(), shared, at::kCPU);
  whole.start_epoch(1);
  shared.ranks = 2;
  std::vector<at::Tensor> shares;
  for (std::int64_t rank = 0; rank < 2; ++rank) {
    shared.rank = rank;
    FolderBatches share(images(), shared, at::kCPU);
    EXPECT_EQ(share.size(), 2);
    share.start_epoch(1);
    shares.push_back(share.batch(1).images);
  }
  EXPECT_TRUE(at::cat(shares).equal(whole.batch(1).images));
}

TEST_F(FolderBatchesTest, AreTheSameForAnyNumberOfWorkers) {
  FolderBatches one(images(), options(1), at::kCPU);
  const auto expected = epoch_of(one, 2);
  for (const int workers : {2, 4}) {
    FolderBatches several(images(), options(workers), at::kCPU);
    const auto made = epoch_of(several, 2);
    EXPECT_TRUE(made.first.equal(expected.first));
    EXPECT_TRUE(made.second.equal(expected.second));
  }
  EXPECT_FALSE(epoch_of(one, 3).first.equal(expected.first));
  auto other_seed = options();
  other_seed.seed = 4;
  FolderBatches other(images(), other_seed, at::kCPU);
  EXPECT_FALSE(epoch_of(other, 2).first.equal(expected.first));
}

TEST_F(FolderBatchesTest, HoldEveryImageOnceAnEpoch) {
  FolderBatches batches(images(), options(), at::kCPU);
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    const auto labels = epoch_of(batches, epoch).second;
    EXPECT_EQ(labels.size(0), 11);
    EXPECT_EQ(labels.sum().item<std::int64_t>(), 5);
  }
  auto without_last = options();
  without_last.drop_last = true;
  EXPECT_EQ(FolderBatches(images(), without_last, at::kCPU).size(), 2);
}

TEST_F(FolderBatchesTest, BeginInTheMiddleOfAnEpoch) {
  FolderBatches straight(images(), options(), at::kCPU);
  const auto expected = epoch_of(straight, 1).first.slice(0, 4);
  FolderBatches resumed(images(), options(), at::kCPU);
  resumed.start_epoch(1);
  const auto second = resumed.batch(1).images;
  EXPECT_TRUE(at::cat({second, resumed.batch(2).images}).equal(expected));
  EXPECT_TRUE(resumed.batch(1).images.equal(second));  // and back again
}

TEST_F(FolderBatchesTest, StopAtABadImageAndNameIt) {
  const auto bad = (folder_ / "cat" / "10.jpg").string();
  write(bad, "no image");
  FolderBatches batches(images(), plain(), at::kCPU);
  std::string message;
  try {
    static_cast<void>(batches.batch(0));
  } catch (const std::runtime_error& error) {
    message = error.what();
  }
  EXPECT_NE(message.find(bad), std::string::npos) << message;
  EXPECT_EQ(batches.batch(1).images.size(0), 4);
}

TEST_F(FolderBatchesTest, LeaveBadImagesOutAndCountThem) {
  const auto bad = (folder_ / "cat" / "12.jpg").string();
  write(bad, "");
  auto skipping = plain();
  skipping.on_bad_image = data::OnBadImage::kSkip;
  FolderBatches batches(images(), skipping, at::kCPU);
  const auto [made, labels] = epoch_of(batches, 0);
  EXPECT_EQ(made.size(0), 10);
  EXPECT_EQ(labels.size(0), 10);
  EXPECT_EQ(batches.skipped(), std::vector<std::string>{bad});

  FolderBatches whole(images(), plain(), at::kCPU);
  const auto third = batches.batch(2).images;
  EXPECT_TRUE(third.equal(whole.batch(2).images));
}

TEST_F(FolderBatchesTest, RefuseWhatTheyCannotUse) {
  EXPECT_EQ(error_of([] { FolderBatches(data::ImageFolder(), {}, at::kCPU); }),
            "FolderBatches: there must be images, got none in \"\"");
  EXPECT_EQ(error_of([&] {
              auto wrong = options(0);
              FolderBatches(images(), wrong, at::kCPU);
            }),
            "FolderBatches: workers must be positive, got 0");
  FolderBatches batches(images(), options(), at::kCPU);
  EXPECT_EQ(error_of([&] { static_cast<void>(batches.batch(3)); }),
            "FolderBatches: index must be below 3, got 3");
}

}  // namespace
}  // namespace expandnet::testing
