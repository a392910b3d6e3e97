#include <expandnet/data/images/image_file.h>
#include <expandnet/data/images/mask_transforms.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "data/images/image_files.h"
#include "data/images/png_files.h"
#include "data/sets/files.h"
#include "testing.h"

namespace expandnet::data {
namespace {

using expandnet::testing::error_of;

constexpr std::array<std::array<std::uint8_t, 3>, 4> kPaints = {
    {{200, 30, 30}, {30, 180, 40}, {40, 50, 220}, {230, 220, 60}}};

/// Blocks of labels, 0 to 3.
LabelImage painted_labels(ImageSize size, std::int64_t block) {
  LabelImage image = {size.height, size.width, {}};
  for (std::int64_t i = 0; i < size.height * size.width; ++i) {
    image.labels.push_back(static_cast<std::uint8_t>(
        (i / size.width / block * 3 + i % size.width / block) % 4));
  }
  return image;
}

/// The image that has the paint of its label at every pixel.
Image paint(const LabelImage& labels) {
  Image image = {labels.height, labels.width, {}};
  for (const auto label : labels.labels) {
    image.pixels.insert(image.pixels.end(), kPaints[label].begin(),
                        kPaints[label].end());
  }
  return image;
}

/// The label at the middle of a pixel of the picture, by `to_image` alone.
std::uint8_t label_at(const LabelImage& image, const Placement& placement,
                      std::int64_t y, std::int64_t x) {
  const auto box = to_image(
      placement, {static_cast<double>(y), static_cast<double>(x), 1, 1});
  const auto row = box.top + box.height / 2;
  const auto column = box.left + box.width / 2;
  const auto& source = placement.source;
  const bool covered = row > static_cast<double>(source.top) &&
                       column > static_cast<double>(source.left) &&
                       row < static_cast<double>(source.top + source.height) &&
                       column < static_cast<double>(source.left + source.width);
  if (!covered) return kIgnoredLabel;
  // A middle on an edge belongs to what follows, as it does unmirrored.
  const auto at =
      static_cast<std::int64_t>(std::floor(row + 1e-9)) * image.width +
      static_cast<std::int64_t>(std::floor(column + 1e-9));
  return image.labels[static_cast<std::size_t>(at)];
}

TEST(PlaceLabels, TakesTheLabelAtTheMiddleOfEachPixel) {
  const ImageSize size = {31, 45};
  const ImageSize picture_size = {24, 33};
  const auto labels = painted_labels(size, 1);
  int covered = 0;
  for (std::int64_t i = 0; i < 300; ++i) {
    const auto placement =
        MaskTrainTransform{}.draw(size, picture_size, {1, 2, i}).placement;
    const auto picture = place(labels, placement);
    ASSERT_EQ(picture.labels.size(), 24U * 33);
    for (std::int64_t y = 0; y < picture.height; ++y) {
      for (std::int64_t x = 0; x < picture.width; ++x) {
        const auto found =
            picture.labels[static_cast<std::size_t>(y * picture.width + x)];
        ASSERT_EQ(found, label_at(labels, placement, y, x))
            << "row " << y << ", column " << x << " of " << i;
        covered += found == kIgnoredLabel ? 0 : 1;
      }
    }
  }
  EXPECT_GT(covered, 100 * 24 * 33);
}

TEST(PlaceLabels, AgreesWithThePictureOfTheImage) {
  const ImageSize size = {60, 80};
  const auto labels = painted_labels(size, 12);
  const auto image = paint(labels);
  std::int64_t compared = 0;
  for (std::int64_t i = 0; i < 60; ++i) {
    const auto placement =
        MaskTrainTransform{}.draw(size, {40, 50}, {3, 0, i}).placement;
    const auto shown = place(image, placement);
    const auto meant = place(labels, placement);
    for (std::size_t at = 0; at < meant.labels.size(); ++at) {
      const std::array<std::uint8_t, 3> colour = {shown.pixels[3 * at],
                                                  shown.pixels[3 * at + 1],
                                                  shown.pixels[3 * at + 2]};
      // Between blocks the image is a mixture; the mask never is.
      const auto pure = std::find(kPaints.begin(), kPaints.end(), colour);
      if (pure != kPaints.end()) {
        ++compared;
        ASSERT_EQ(meant.labels[at], pure - kPaints.begin());
      }
      const std::array<std::uint8_t, 3> grey = {kGreyLevel, kGreyLevel,
                                                kGreyLevel};
      ASSERT_EQ(meant.labels[at] == kIgnoredLabel, colour == grey);
    }
  }
  EXPECT_GT(compared, 60 * 40 * 50 / 3);
}

TEST(PlaceLabels, RefusesAPlacementOfAnotherImage) {
  const auto labels = painted_labels({4, 4}, 1);
  EXPECT_EQ(error_of([&] {
              (void)place(labels, stretch({5, 4}, {8, 8}));
            }),
            "place: a placement must lie inside its image and its picture, got "
            "5 x 4 of 4 x 4 pixels, to 8 x 8 of 8 x 8");
}

TEST(MaskTrainTransform, DrawsByTheKeyAlone) {
  const auto drawn = [](const DrawKey& key) {
    const auto [placement, color] =
        MaskTrainTransform{}.draw({100, 200}, {64, 64}, key);
    const auto& source = placement.source;
    return std::vector<double>{static_cast<double>(source.top),
                               static_cast<double>(source.left),
                               static_cast<double>(source.height),
                               static_cast<double>(source.width),
                               color.hue,
                               color.saturation,
                               color.exposure};
  };
  EXPECT_EQ(drawn({1, 2, 3}), drawn({1, 2, 3}));
  for (const auto& other :
       std::vector<DrawKey>{{2, 2, 3}, {1, 3, 3}, {1, 2, 4}}) {
    EXPECT_NE(drawn({1, 2, 3}), drawn(other));
  }
}

TEST(MaskTrainTransform, DrawsScalesPlacesAndFlipsEvenly) {
  const ImageSize size = {100, 200};
  int flips = 0, smaller = 0, greys = 0;
  double least = 10, most = 0;
  for (std::int64_t i = 0; i < 2000; ++i) {
    const auto placement =
        MaskTrainTransform{}.draw(size, {80, 80}, {7, 0, i}).placement;
    const auto& [source, target, picture, flip] = placement;
    const auto scale =
        static_cast<double>(target.height) / static_cast<double>(source.height);
    least = std::min(least, scale);
    most = std::max(most, scale);
    // Both sides, but for rounding to whole pixels of the image.
    const auto across =
        static_cast<double>(target.width) / static_cast<double>(source.width);
    EXPECT_NEAR(scale, across, 0.06) << i;
    flips += flip == Flip::kHorizontal ? 1 : 0;
    smaller += scale < 1.25 ? 1 : 0;
    greys += target.height < 80 ? 1 : 0;
  }
  EXPECT_NEAR(least, 0.5, 0.02);
  EXPECT_NEAR(most, 2, 0.06);
  EXPECT_NEAR(flips, 1000, 5 * 22.4);    // five standard deviations
  EXPECT_NEAR(smaller, 1000, 5 * 22.4);  // half of 0.5 to 2 is below 1.25
  EXPECT_NEAR(greys, 400, 5 * 17.9);     // 0.5 to 0.8, a fifth
}

TEST(MaskTrainTransform, NamesAFieldThatIsWrong) {
  const auto error = [](const MaskTrainTransform& transform) {
    return error_of([&] {
      static_cast<void>(transform.draw({9, 9}, {4, 4}, {}));
    });
  };
  MaskTrainTransform transform;
  transform.min_scale = 0;
  EXPECT_EQ(error(transform),
            "MaskTrainTransform: min_scale must be positive, got 0.000000");
  transform.min_scale = 3;
  EXPECT_EQ(error(transform),
            "MaskTrainTransform: max_scale must be at least min_scale, got "
            "2.000000");
  transform = {};
  transform.max_scale = 101;
  EXPECT_EQ(error(transform),
            "MaskTrainTransform: max_scale must be at most 100, got "
            "101.000000");
  transform = {};
  transform.hue = 0.6;
  EXPECT_EQ(error(transform),
            "MaskTrainTransform: hue must be 0 to 0.5, got 0.600000");
  transform = {};
  transform.saturation = 0.5;
  EXPECT_EQ(error(transform),
            "MaskTrainTransform: saturation must be at least 1, got 0.500000");
  transform = {};
  transform.exposure = 0;
  EXPECT_EQ(error(transform),
            "MaskTrainTransform: exposure must be at least 1, got 0.000000");
}

class MaskTransformFiles : public FilesTest {
 protected:
  MaskTransformFiles() {
    std::vector<std::uint32_t> samples(labels_.labels.begin(),
                                       labels_.labels.end());
    PngLayout layout;
    layout.colour = 0;
    mask_ = write("mask.png", png_file(samples, {24, 36}, layout));
    const auto image = paint(labels_);
    layout.colour = 2;
    samples.assign(image.pixels.begin(), image.pixels.end());
    image_ = write("image.png", png_file(samples, {24, 36}, layout));
  }

  const LabelImage labels_ = painted_labels({24, 36}, 6);
  std::string mask_;
  std::string image_;
};

TEST_F(MaskTransformFiles, BecomePictures) {
  const DrawKey key = {5, 1, 2};
  const MaskTrainTransform transform;
  const auto [placement, color] = transform.draw({24, 36}, {16, 20}, key);
  auto expected = place(ImageFile(image_), placement);
  change_color(expected.pixels.data(), {16, 20}, color);

  const auto picture =
      transform.read(image_, mask_, {0, 1, 2, 3}, {16, 20}, key);

  EXPECT_EQ(picture.image.pixels, expected.pixels);
  EXPECT_EQ(picture.labels.labels, place(labels_, placement).labels);
}

TEST_F(MaskTransformFiles, KeepTheirSizeForEvaluation) {
  const auto picture = read_labelled(image_, mask_, {0, 1, 2, 3});
  EXPECT_EQ(picture.image.pixels, paint(labels_).pixels);
  EXPECT_EQ(picture.labels.labels, labels_.labels);
}

TEST_F(MaskTransformFiles, MustBeOfOneSize) {
  const auto other = write("other.jpg", jpeg_file(wavy_image(24, 35)));
  const auto expected =
      "read_labels: a mask must have the size of its image, "
      "got 36 x 24 in \"" +
      mask_ + "\", and 35 x 24 in \"" + other +
      "\"; correct one or remove both";
  EXPECT_EQ(message_of([&] {
              (void)read_labelled(other, mask_, {0, 1, 2, 3});
            }),
            expected);
  EXPECT_EQ(
      message_of([&] {
        (void)MaskTrainTransform{}.read(other, mask_, {0, 1, 2, 3}, {8, 8}, {});
      }),
      expected);
}

}  // namespace
}  // namespace expandnet::data
