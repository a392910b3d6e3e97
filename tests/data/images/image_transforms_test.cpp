#include <expandnet/data/images/image_file.h>
#include <expandnet/data/images/image_transforms.h>

#include <cmath>

#include "data/images/image_files.h"
#include "data/sets/files.h"
#include "testing.h"

namespace expandnet::data {
namespace {

class ImageTransforms : public FilesTest {};

TEST(TrainTransformDraw, StaysInsideTheImage) {
  for (const auto& image : std::vector<ImageSize>{
           {375, 500}, {500, 375}, {1, 1}, {2, 3}, {10, 700}, {700, 10}}) {
    for (std::int64_t i = 0; i < 3000; ++i) {
      const auto crop = TrainTransform{}.draw(image, {1, 2, i}).crop;

      ASSERT_GE(crop.top, 0);
      ASSERT_GE(crop.left, 0);
      ASSERT_GE(crop.height, 1);
      ASSERT_GE(crop.width, 1);
      ASSERT_LE(crop.top + crop.height, image.height);
      ASSERT_LE(crop.left + crop.width, image.width);
    }
  }
}

/// Whether the mean of `count` numbers from 0 to 1 that are spread evenly may
/// be this: it leaves four standard deviations once in 16,000.
::testing::AssertionResult is_fair(double sum, int count) {
  const auto off = std::abs(sum / count - 0.5) * std::sqrt(12.0 * count);
  if (off < 4) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << sum << " of " << count;
}

TEST(TrainTransformDraw, SpreadsAreaAspectPlaceAndFlip) {
  constexpr std::int64_t kSide = 2000;
  constexpr int kDraws = 20000;
  constexpr double kArea = kSide * kSide;
  double areas = 0;  // of the crops up to 3/4 of the image: all of those fit
  int small = 0;
  double aspects = 0;
  double tops = 0;
  double lefts = 0;
  int flips = 0;
  for (int i = 0; i < kDraws; ++i) {
    const auto [crop, flip] = TrainTransform{}.draw({kSide, kSide}, {0, 0, i});
    const auto height = static_cast<double>(crop.height);
    const auto width = static_cast<double>(crop.width);
    const auto area = height * width / kArea;
    const auto aspect = std::log(width / height) / std::log(4.0 / 3);
    ASSERT_GE(area, 0.0799);
    ASSERT_LE(std::abs(aspect), 1.01);
    if (area <= 0.75) {
      areas += (area - 0.08) / (0.75 - 0.08);
      aspects += (aspect + 1) / 2;
      ++small;
    }
    tops += static_cast<double>(crop.top) /
            static_cast<double>(std::max<std::int64_t>(kSide - crop.height, 1));
    lefts += static_cast<double>(crop.left) /
             static_cast<double>(std::max<std::int64_t>(kSide - crop.width, 1));
    flips += flip == Flip::kHorizontal ? 1 : 0;
  }
  EXPECT_TRUE(is_fair(areas, small));
  EXPECT_TRUE(is_fair(aspects, small));
  EXPECT_TRUE(is_fair(tops, kDraws));
  EXPECT_TRUE(is_fair(lefts, kDraws));
  EXPECT_NEAR(flips, kDraws / 2.0, 2 * std::sqrt(kDraws));
  // Of the areas from 0.08 to 1, and more where larger ones do not fit.
  EXPECT_GT(small, kDraws * (0.75 - 0.08) / (1 - 0.08));
}

TEST(TrainTransformDraw, KeepsToTheAreaAsked) {
  TrainTransform transform;
  transform.min_area = 0.5;
  for (std::int64_t i = 0; i < 1000; ++i) {
    const auto crop = transform.draw({1000, 1000}, {0, 0, i}).crop;

    ASSERT_GE(crop.height * crop.width, 499000);
  }
}

TEST(TrainTransformDraw, FallsBackToTheMiddle) {
  // A crop of 8 % with these proportions does not fit into either.
  const auto wide = TrainTransform{}.draw({12, 1000}, {}).crop;
  EXPECT_EQ(wide.top, 0);
  EXPECT_EQ(wide.left, 492);
  EXPECT_EQ(wide.height, 12);
  EXPECT_EQ(wide.width, 16);
  const auto high = TrainTransform{}.draw({1000, 12}, {}).crop;
  EXPECT_EQ(high.top, 492);
  EXPECT_EQ(high.left, 0);
  EXPECT_EQ(high.height, 16);
  EXPECT_EQ(high.width, 12);
}

std::vector<std::int64_t> numbers(const DrawKey& key) {
  const auto [crop, flip] = TrainTransform{}.draw({375, 500}, key);
  return {crop.top, crop.left, crop.height, crop.width,
          flip == Flip::kHorizontal ? 1 : 0};
}

TEST(TrainTransformDraw, DrawsTheSameOnEveryMachine) {
  EXPECT_EQ(numbers({0, 0, 0}),
            (std::vector<std::int64_t>{32, 25, 343, 261, 1}));
  EXPECT_EQ(numbers({1, 2, 3}),
            (std::vector<std::int64_t>{23, 100, 294, 290, 0}));
  EXPECT_EQ(numbers({UINT64_MAX, 89, 1281166}),
            (std::vector<std::int64_t>{49, 158, 291, 289, 1}));
}

TEST(TrainTransformDraw, DependsOnSeedEpochAndIndex) {
  const auto first = numbers({5, 6, 7});

  EXPECT_EQ(numbers({5, 6, 7}), first);
  EXPECT_NE(numbers({6, 6, 7}), first);
  EXPECT_NE(numbers({5, 7, 7}), first);
  EXPECT_NE(numbers({5, 6, 8}), first);
  EXPECT_NE(numbers({6, 5, 7}), first);
  EXPECT_NE(numbers({5, 7, 6}), first);
}

TEST_F(ImageTransforms, TrainOnTheResizedCrop) {
  const auto image = wavy_image(150, 200);
  const auto path = write("image.jpg", jpeg_file(image));
  const ImageFile file(path);
  TrainTransform transform;
  transform.size = 64;
  int scaled = 0;
  for (std::int64_t i = 0; i < 50; ++i) {
    const auto [crop, flip] = transform.draw({150, 200}, {0, 0, i});
    const auto whole = file.decode(crop, {crop.height, crop.width});
    const auto expected = resize(whole.image, whole.box, {64, 64}, flip);

    const auto result = transform.read(path, {0, 0, i});

    // Decoding at a half is not quite averaging by a triangle.
    const auto half = crop.height >= 128 && crop.width >= 128;
    scaled += half ? 1 : 0;
    const auto [largest, mean] = difference(result, expected);
    EXPECT_LE(largest, half ? 24 : 0);
    EXPECT_LE(mean, half ? 4 : 0);
  }
  EXPECT_GT(scaled, 0);
}

void expect_box(const Box& box, double top, double left, double height,
                double width) {
  EXPECT_DOUBLE_EQ(box.top, top);
  EXPECT_DOUBLE_EQ(box.left, left);
  EXPECT_DOUBLE_EQ(box.height, height);
  EXPECT_DOUBLE_EQ(box.width, width);
}

TEST(EvalTransformBox, RoundsLikeTorchvision) {
  // Resized to 256 x 341; (341 - 224) / 2 = 58.5 rounds to 58.
  expect_box(EvalTransform{}.box({375, 500}), 16 * 375 / 256.0,
             58 * 500 / 341.0, 224 * 375 / 256.0, 224 * 500 / 341.0);
  // Resized to 343 x 256; 59.5 rounds to 60.
  expect_box(EvalTransform{}.box({343, 256}), 60, 16, 224, 224);
  expect_box(EvalTransform{}.box({256, 256}), 16, 16, 224, 224);
  expect_box(EvalTransform{}.box({1, 1}), 1 / 16.0, 1 / 16.0, 0.875, 0.875);
}

TEST_F(ImageTransforms, EvaluateOnTheCentreOfTheResizedImage) {
  for (const auto& size : std::vector<ImageSize>{
           {150, 201}, {201, 150}, {40, 30}, {300, 300}, {33, 500}, {1, 1}}) {
    const auto bytes = jpeg_file(wavy_image(size.height, size.width));
    const auto path = write("image.jpg", bytes);
    const auto side = std::min(size.height, size.width);
    const ImageSize resized = {72 * size.height / side, 72 * size.width / side};
    EvalTransform transform;
    transform.resize = 72;
    transform.size = 56;
    const auto box = transform.box(size);
    const auto whole = resize({size.height, size.width, plain_decode(bytes)},
                              {0, 0, static_cast<double>(size.height),
                               static_cast<double>(size.width)},
                              resized);
    const auto place = [](double edge, std::int64_t to, std::int64_t from) {
      return std::lround(edge * static_cast<double>(to) /
                         static_cast<double>(from));
    };
    const auto expected =
        cut(whole, {place(box.top, resized.height, size.height),
                    place(box.left, resized.width, size.width), 56, 56});

    const auto [largest, mean] = difference(transform.read(path), expected);

    // Sums in another order may round to the next level.
    EXPECT_LE(largest, 1) << size.height << " x " << size.width;
    EXPECT_LE(mean, 1e-3) << size.height << " x " << size.width;
  }
}

TEST(TransformErrors, NameTheFieldOrTheSize) {
  const auto train_error = [](const TrainTransform& transform,
                              ImageSize image) {
    return expandnet::testing::error_of(
        [&] { static_cast<void>(transform.draw(image, {})); });
  };
  TrainTransform train;
  EXPECT_EQ(train_error(train, {0, 5}),
            "TrainTransform: an image must have pixels, got 0 x 5; pass its "
            "size");
  train.size = 0;
  EXPECT_EQ(train_error(train, {5, 5}),
            "TrainTransform: size must be positive, got 0; 224 is usual");
  train = {};
  train.min_area = 1.5;
  EXPECT_EQ(train_error(train, {5, 5}),
            "TrainTransform: min_area must be 0 to 1, got 1.500000; 0.08 is "
            "usual");

  const auto eval_error = [](const EvalTransform& transform, ImageSize image) {
    return expandnet::testing::error_of(
        [&] { static_cast<void>(transform.box(image)); });
  };
  EvalTransform eval;
  EXPECT_EQ(eval_error(eval, {5, 0}),
            "EvalTransform: an image must have pixels, got 5 x 0; pass its "
            "size");
  eval.size = 257;
  EXPECT_EQ(eval_error(eval, {5, 5}),
            "EvalTransform: size must be 1 to resize (256), got 257; 224 of "
            "256 is usual");
}

}  // namespace
}  // namespace expandnet::data
