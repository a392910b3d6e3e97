#include <expandnet/data/images/box_transforms.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>

#include "data/images/image_files.h"
#include "data/sets/files.h"
#include "testing.h"

namespace expandnet::data {
namespace {

using expandnet::testing::error_of;

/// A black image with one white rectangle.
Image painted(ImageSize size, const Crop& white) {
  Image image = {size.height, size.width, {}};
  image.pixels.assign(static_cast<std::size_t>(size.height * size.width * 3),
                      0);
  for (std::int64_t y = white.top; y < white.top + white.height; ++y) {
    auto* row = image.pixels.data() + (y * size.width + white.left) * 3;
    std::fill_n(row, white.width * 3, std::uint8_t{255});
  }
  return image;
}

/// The extent of the pixels that are nearer to white than to grey.
Box white_extent(const Image& image) {
  std::int64_t top = image.height, left = image.width, bottom = -1, right = -1;
  for (std::int64_t y = 0; y < image.height; ++y) {
    for (std::int64_t x = 0; x < image.width; ++x) {
      if (image.pixels[static_cast<std::size_t>((y * image.width + x) * 3)] <
          192) {
        continue;
      }
      top = std::min(top, y);
      bottom = std::max(bottom, y);
      left = std::min(left, x);
      right = std::max(right, x);
    }
  }
  return {static_cast<double>(top), static_cast<double>(left),
          static_cast<double>(bottom - top + 1),
          static_cast<double>(right - left + 1)};
}

AnnotatedObject object_of(const Crop& crop) {
  AnnotatedObject object;
  object.box = {static_cast<double>(crop.top), static_cast<double>(crop.left),
                static_cast<double>(crop.height),
                static_cast<double>(crop.width)};
  object.label = 3;
  return object;
}

void expect_near(const Box& a, const Box& b, double tolerance) {
  EXPECT_NEAR(a.left, b.left, tolerance);
  EXPECT_NEAR(a.top, b.top, tolerance);
  EXPECT_NEAR(a.left + a.width, b.left + b.width, tolerance);
  EXPECT_NEAR(a.top + a.height, b.top + b.height, tolerance);
}

TEST(Placements, StretchOrKeepProportions) {
  const auto wide = letterbox({30, 60}, {40, 40});
  EXPECT_EQ(wide.target.top, 10);
  EXPECT_EQ(wide.target.left, 0);
  EXPECT_EQ(wide.target.height, 20);
  EXPECT_EQ(wide.target.width, 40);
  const auto high = letterbox({1000, 1}, {32, 32});
  EXPECT_EQ(high.target.width, 1);
  EXPECT_EQ(high.target.height, 32);
  const auto all = stretch({30, 60}, {40, 50});
  EXPECT_EQ(all.target.height, 40);
  EXPECT_EQ(all.target.width, 50);
  EXPECT_EQ(error_of([] {
              (void)letterbox({0, 5}, {32, 32});
            }),
            "Placement: image and picture must have pixels, got 0 x 5");
}

TEST(Placements, MapBoxesThereAndBack) {
  for (std::int64_t i = 0; i < 100; ++i) {
    const auto placement =
        BoxTrainTransform{}.draw({375, 500}, {224, 160}, {1, 2, i}).placement;
    const Box box = {10.5, 20, 30, 400};
    expect_near(to_image(placement, to_picture(placement, box)), box, 1e-9);
  }
}

TEST(Placements, LeaveGreyBesideTheImage) {
  const auto image = painted({30, 60}, {0, 0, 30, 60});
  const auto picture = place(image, letterbox({30, 60}, {40, 40}));
  ASSERT_EQ(picture.pixels.size(), 40U * 40 * 3);
  for (std::int64_t y = 0; y < 40; ++y) {
    const auto expected = y >= 10 && y < 30 ? 255 : kGreyLevel;
    for (std::size_t x = 0; x < 120; ++x) {
      ASSERT_EQ(picture.pixels[static_cast<std::size_t>(y) * 120 + x], expected)
          << y << " " << x;
    }
  }
}

// Where the box is says where the white is, whatever the scale, crop and flip.
TEST(BoxTransforms, KeepBoxesAroundTheirObjects) {
  const ImageSize size = {90, 120};
  int shown = 0, cut = 0;
  for (std::int64_t i = 0; i < 400; ++i) {
    const Crop white = {i % 45, i % 61, 40, 50};
    const auto image = painted(size, white);
    const auto placement =
        BoxTrainTransform{}.draw(size, {128, 96}, {7, 0, i}).placement;
    const auto objects = place_objects({object_of(white)}, placement, 0);
    ASSERT_EQ(objects.size(), 1U);
    EXPECT_EQ(objects[0].label, 3);
    // An edge within a pixel may count it or not.
    expect_near(objects[0].box, white_extent(place(image, placement)), 1.3);
    ++shown;
    if (objects[0].truncated) ++cut;
  }
  EXPECT_EQ(shown, 400);
  EXPECT_GT(cut, 40);
  EXPECT_LT(cut, 360);
}

TEST(BoxTransforms, LeaveOutWhatIsCutTooFar) {
  Placement placement = stretch({100, 100}, {100, 100});
  placement.source = {0, 50, 100, 50};  // the right half
  const auto of = [&](double left, double share) {
    AnnotatedObject object;
    object.box = {0, left, 10, 20};
    return place_objects({object}, placement, share);
  };
  EXPECT_EQ(of(20, 0).size(), 0U);  // outside
  EXPECT_EQ(of(35, 0.25).size(), 1U);
  EXPECT_EQ(of(35, 0.26).size(), 0U);
  EXPECT_TRUE(of(35, 0.25)[0].truncated);
  EXPECT_FALSE(of(50, 1)[0].truncated);
  EXPECT_EQ(of(60, 1)[0].box.left, 20);
  EXPECT_EQ(of(60, 1)[0].box.width, 40);
  placement.flip = Flip::kHorizontal;
  EXPECT_EQ(of(60, 1)[0].box.left, 40);
}

TEST(BoxTransforms, AreDrawnByTheKeyAlone) {
  const BoxTrainTransform transform;
  const auto draw = [&](std::int64_t epoch, std::int64_t index) {
    return transform.draw({300, 400}, {224, 224}, {5, epoch, index});
  };
  const auto first = draw(1, 2), again = draw(1, 2), other = draw(2, 1);
  EXPECT_EQ(first.placement.source.left, again.placement.source.left);
  EXPECT_EQ(first.color.hue, again.color.hue);
  EXPECT_NE(first.color.hue, other.color.hue);
}

TEST(BoxTransforms, SpreadOverTheirRanges) {
  int flips = 0;
  double hues = 0, min_width = 1, max_width = 0, max_factor = 0, min_factor = 9;
  for (std::int64_t i = 0; i < 4000; ++i) {
    const auto [placement, color] =
        BoxTrainTransform{}.draw({1000, 1000}, {512, 512}, {0, 0, i});
    flips += placement.flip == Flip::kHorizontal ? 1 : 0;
    hues += color.hue;
    ASSERT_LE(std::abs(color.hue), 0.1);
    // How wide the drawn area is, as a share of the image.
    const auto width = static_cast<double>(placement.source.width) /
                       static_cast<double>(placement.target.width) * 0.512;
    min_width = std::min(min_width, width);
    max_width = std::max(max_width, width);
    max_factor = std::max(max_factor, color.exposure);
    min_factor = std::min(min_factor, color.saturation);
  }
  EXPECT_NEAR(flips, 2000, 130);
  EXPECT_NEAR(hues / 4000, 0, 0.005);
  EXPECT_NEAR(min_width, 0.6, 0.02);
  EXPECT_NEAR(max_width, 1.4, 0.02);
  EXPECT_NEAR(max_factor, 1.5, 0.01);
  EXPECT_NEAR(min_factor, 1 / 1.5, 0.01);
}

TEST(BoxTransforms, MayDoNothing) {
  const BoxTrainTransform transform = {0, false, 0, 1, 1, 0};
  const auto [placement, color] = transform.draw({90, 120}, {90, 120}, {});
  const auto image = wavy_image(90, 120);
  auto picture = place(image, placement);
  change_color(picture.pixels.data(), {90, 120}, color);
  EXPECT_EQ(picture.pixels, image.pixels);
}

class BoxTransformFiles : public FilesTest {};

TEST_F(BoxTransformFiles, AreReadAtAFractionOfTheirSize) {
  const Crop white = {64, 96, 160, 320};
  AnnotatedImage image;
  image.path = write("a.jpg", jpeg_file(painted({512, 640}, white)));
  image.size = {512, 640};
  image.objects = {object_of(white)};
  for (std::int64_t i = 0; i < 20; ++i) {
    BoxTrainTransform transform;
    transform.saturation = transform.exposure = 1;
    const auto picture = transform.read(image, {96, 96}, {1, 1, i});
    ASSERT_EQ(picture.objects.size(), 1U);
    expect_near(picture.objects[0].box, white_extent(picture.image), 1.3);
  }
  const auto whole =
      BoxEvalTransform{Fit::kLetterbox}.read(image.path, {96, 96});
  expect_near(to_image(whole.placement, white_extent(whole.image)),
              image.objects[0].box, 8);
  image.size = {640, 512};
  EXPECT_EQ(message_of([&] {
              (void)BoxTrainTransform{}.read(image, {96, 96}, {});
            }),
            "BoxTrainTransform: an image must have the size that its "
            "annotation states (512 x 640), got 640 x 512 in \"" +
                image.path +
                "\"; correct the annotation, which counts in pixels as they "
                "are stored, before an EXIF orientation turns them");
}

TEST(BoxTransformErrors, NameTheField) {
  BoxTrainTransform transform;
  transform.jitter = 0.5;
  const auto error = [&] {
    return error_of([&] { (void)transform.draw({9, 9}, {32, 32}, {}); });
  };
  EXPECT_EQ(error(),
            "BoxTrainTransform: jitter must be 0 to less than 0.5, got "
            "0.500000");
  transform = {};
  transform.hue = 1;
  EXPECT_EQ(error(), "BoxTrainTransform: hue must be 0 to 0.5, got 1.000000");
  transform = {};
  transform.exposure = 0;
  EXPECT_EQ(error(),
            "BoxTrainTransform: exposure must be at least 1, got 0.000000");
}

/// Hue in sextants, saturation and value, by the textbook.
struct Hsv {
  double hue, saturation, value;
};

Hsv hsv_of(const std::uint8_t* pixel) {
  const double red = pixel[0], green = pixel[1], blue = pixel[2];
  const auto largest = std::max({red, green, blue});
  const auto range = largest - std::min({red, green, blue});
  double hue = 0;
  if (range > 0) {
    if (largest == red) hue = (green - blue) / range;
    if (largest == green) hue = 2 + (blue - red) / range;
    if (largest == blue) hue = 4 + (red - green) / range;
  }
  return {hue < 0 ? hue + 6 : hue, largest > 0 ? range / largest : 0, largest};
}

void set_hsv(const Hsv& hsv, std::uint8_t* pixel) {
  const auto chroma = hsv.value * hsv.saturation;
  const auto hue = std::fmod(hsv.hue, 6);
  const auto between = chroma * (1 - std::abs(std::fmod(hue, 2) - 1));
  const double rgb[6][3] = {{chroma, between, 0}, {between, chroma, 0},
                            {0, chroma, between}, {0, between, chroma},
                            {between, 0, chroma}, {chroma, 0, between}};
  for (int i = 0; i < 3; ++i) {
    const auto value = rgb[static_cast<int>(hue)][i] + hsv.value - chroma;
    pixel[i] = static_cast<std::uint8_t>(std::min(value + 0.5, 255.0));
  }
}

TEST(ColorChanges, AreThoseOfHueSaturationAndValue) {
  const auto before = wavy_image(40, 50);
  for (const ColorChange& change : {ColorChange{0, 1, 1},
                                    {0.1, 1.5, 1 / 1.5},
                                    {-0.1, 1 / 1.5, 1.5},
                                    {0.5, 1, 1.2},
                                    {0, 0, 1}}) {
    auto after = before;
    change_color(after.pixels.data(), {40, 50}, change);
    for (std::size_t i = 0; i < before.pixels.size(); i += 3) {
      auto hsv = hsv_of(before.pixels.data() + i);
      hsv.hue += 6 * (change.hue + 1);
      hsv.saturation = std::min(hsv.saturation * change.saturation, 1.0);
      hsv.value *= change.exposure;
      std::uint8_t expected[3];
      set_hsv(hsv, expected);
      for (std::size_t channel = 0; channel < 3; ++channel) {
        ASSERT_NEAR(after.pixels[i + channel], expected[channel], 1) << i;
      }
    }
  }
}

TEST(ColorChanges, LeaveGreyGrey) {
  std::vector<std::uint8_t> pixels = {0, 0, 0, 7, 7, 7, 200, 200, 200};
  change_color(pixels.data(), {1, 3}, {0.3, 1.5, 1.5});
  EXPECT_EQ(pixels,
            (std::vector<std::uint8_t>{0, 0, 0, 11, 11, 11, 255, 255, 255}));
}

TEST(MultiScales, ChangeEveryFewBatches) {
  const MultiScale scale;
  std::set<std::int64_t> seen;
  for (std::int64_t batch = 0; batch < 1000; ++batch) {
    const auto side = scale.side(3, 1, batch);
    EXPECT_EQ(side, scale.side(3, 1, batch / 10 * 10));
    EXPECT_EQ(side % 32, 0);
    seen.insert(side);
  }
  EXPECT_EQ(seen, (std::set<std::int64_t>{160, 192, 224, 256, 288}));
  int differ = 0;
  for (std::int64_t epoch = 0; epoch < 100; ++epoch) {
    differ += scale.side(3, epoch, 0) != scale.side(4, epoch, 0) ? 1 : 0;
  }
  EXPECT_GT(differ, 50);
  EXPECT_EQ((MultiScale{224, 224, 32, 1}.side(0, 0, 5)), 224);
  EXPECT_EQ(error_of([] {
              (void)MultiScale{320, 288, 32, 10}.side(0, 0, 0);
            }),
            "MultiScale: sides, step and batches must be positive and max_side "
            "at least min_side, got 320, 288, 32, 10");
}

}  // namespace
}  // namespace expandnet::data
