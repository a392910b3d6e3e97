#include <expandnet/data/images/image_file.h>
#include <expandnet/data/sets/mask_classes.h>
#include <expandnet/data/sets/voc.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "drawing/png_writer.h"
#include "files.h"
#include "testing.h"
#include "tools/scenes/voc_writer.h"

namespace expandnet::examples {
namespace {

using expandnet::testing::content_of;
using expandnet::testing::error_of;
using expandnet::testing::ScratchFolder;

/// Full squares of 20 x 20 in the middle of their pictures, in grey levels of
/// their own, and labels from 0 to 9.
ObjectPictures square_pictures(std::int64_t count) {
  ObjectPictures pictures;
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t y = 0; y < kObjectSide; ++y) {
      for (std::int64_t x = 0; x < kObjectSide; ++x) {
        const bool inside = x >= 4 && x < 24 && y >= 4 && y < 24;
        pictures.pixels.push_back(
            static_cast<std::uint8_t>(inside ? 100 + i % 100 : 0));
      }
    }
    pictures.labels.push_back(i % 10);
  }
  return pictures;
}

std::vector<std::int64_t> all_of(const ObjectPictures& pictures) {
  std::vector<std::int64_t> pool;
  for (std::size_t i = 0; i < pictures.labels.size(); ++i) {
    pool.push_back(static_cast<std::int64_t>(i));
  }
  return pool;
}

TEST(Scenes, AreTheSameForASeed) {
  const auto pictures = square_pictures(30);
  const auto pool = all_of(pictures);
  const SceneOptions options;
  const auto first = compose_scene(pictures, pool, 1, options);
  const auto again = compose_scene(pictures, pool, 1, options);
  const auto other = compose_scene(pictures, pool, 2, options);
  EXPECT_EQ(first.image.pixels, again.image.pixels);
  EXPECT_EQ(first.object_mask, again.object_mask);
  EXPECT_NE(first.image.pixels, other.image.pixels);
  // Seen once, and to stay so on every machine.
  std::uint64_t sum = 0;
  for (const auto pixel : first.image.pixels) sum = sum * 31 + pixel;
  EXPECT_EQ(sum, 17153497436099013689U);
}

TEST(Scenes, HaveTheBoxesOfTheirMasks) {
  const auto pictures = square_pictures(30);
  const auto pool = all_of(pictures);
  int overlaps = 0, truncated = 0, several = 0;
  for (std::int64_t index = 0; index < 200; ++index) {
    const auto scene = compose_scene(pictures, pool, index, {});
    ASSERT_EQ(scene.object_mask.size(), 128U * 128);
    if (scene.objects.size() > 1) ++several;
    for (std::size_t i = 0; i < scene.objects.size(); ++i) {
      const auto& object = scene.objects[i];
      std::int64_t top = 128, left = 128, bottom = -1, right = -1;
      for (std::int64_t y = 0; y < 128; ++y) {
        for (std::int64_t x = 0; x < 128; ++x) {
          const auto place = static_cast<std::size_t>(y * 128 + x);
          if (scene.object_mask[place] != i + 1) continue;
          ASSERT_EQ(scene.class_mask[place], object.label + 1);
          top = std::min(top, y);
          bottom = std::max(bottom, y);
          left = std::min(left, x);
          right = std::max(right, x);
        }
      }
      EXPECT_EQ(object.box.left, static_cast<double>(left));
      EXPECT_EQ(object.box.top, static_cast<double>(top));
      EXPECT_EQ(object.box.width, static_cast<double>(right - left + 1));
      EXPECT_EQ(object.box.height, static_cast<double>(bottom - top + 1));
      overlaps += scene.occluded[i] ? 1 : 0;
      truncated += object.truncated ? 1 : 0;
    }
  }
  EXPECT_GT(several, 100);
  EXPECT_GT(overlaps, 50);
  EXPECT_GT(truncated, 50);
}

TEST(Scenes, AreReadAsVoc) {
  const ScratchFolder folder;
  const auto pictures = square_pictures(100);
  SceneOptions options;
  options.size = 64;
  write_scenes(folder / "VOC", pictures, square_pictures(20), {4, 2, 3},
               options);
  const auto year = data::voc_folders(folder / "VOC").at(0);
  const auto set = data::read_voc({{year, "trainval"}}, {scene_classes()});
  ASSERT_EQ(set.images.size(), 6U);
  EXPECT_EQ(data::read_voc({{year, "train"}}).images.size(), 4U);
  EXPECT_EQ(data::read_voc({{year, "test"}}).images[0].name, "000007");

  std::vector<std::int64_t> pool;  // of train
  for (const auto i : all_of(pictures)) {
    if (i % 10 != 9) pool.push_back(i);
  }
  const auto scene = compose_scene(pictures, pool, 1, options);
  const auto& image = set.images[0];
  const data::Crop all = {0, 0, 64, 64};
  EXPECT_EQ(data::ImageFile(image.path).decode(all, {64, 64}).image.pixels,
            scene.image.pixels);
  ASSERT_EQ(image.objects.size(), scene.objects.size());
  for (std::size_t i = 0; i < scene.objects.size(); ++i) {
    EXPECT_EQ(image.objects[i].label, scene.objects[i].label);
    EXPECT_EQ(image.objects[i].box.left, scene.objects[i].box.left);
    EXPECT_EQ(image.objects[i].box.height, scene.objects[i].box.height);
    EXPECT_EQ(image.objects[i].truncated, scene.objects[i].truncated);
    EXPECT_EQ(image.objects[i].difficult, scene.objects[i].difficult);
  }
  const auto mask =
      data::ImageFile(folder / "VOC/SegmentationObject/000001.png")
          .decode(all, {64, 64})
          .image.pixels;
  for (std::size_t i = 0; i < scene.object_mask.size(); ++i) {
    const auto& color = voc_palette()[scene.object_mask[i]];
    ASSERT_TRUE(std::equal(color.begin(), color.end(), mask.begin() + 3 * i));
  }
  EXPECT_EQ(content_of(folder / "VOC/ImageSets/Segmentation/val.txt"),
            "000005\n000006\n");
}

ObjectPictures first_of_each_class(const ObjectPictures& all,
                                   std::int64_t count) {
  constexpr auto kPixels = kObjectSide * kObjectSide;
  ObjectPictures first;
  std::array<std::int64_t, 10> seen = {};
  for (std::size_t i = 0; i < all.labels.size(); ++i) {
    if (++seen.at(static_cast<std::size_t>(all.labels[i])) > count) continue;
    const auto start =
        all.pixels.begin() + static_cast<std::ptrdiff_t>(i) * kPixels;
    first.pixels.insert(first.pixels.end(), start, start + kPixels);
    first.labels.push_back(all.labels[i]);
  }
  return first;
}

TEST(Scenes, AreThoseThatAreCommitted) {
  const std::string committed = EXPANDNET_EXAMPLES "/data/scenes";
  const ScratchFolder folder;
  SceneOptions options;
  options.size = 48;
  options.objects = 3;
  write_scenes(folder / "scenes",
               load_pictures(EXPANDNET_EXAMPLES "/data", true),
               first_of_each_class(
                   load_pictures(EXPANDNET_EXAMPLES "/data", false), 200),
               {3, 1, 2}, options);
  const data::Crop all = {0, 0, 48, 48};
  for (int i = 1; i <= 6; ++i) {
    const auto name = "/00000" + std::to_string(i);
    for (const auto* kind :
         {"JPEGImages", "SegmentationClass", "SegmentationObject"}) {
      const auto pixels = [&](const std::string& root) {
        return data::ImageFile(root + "/" + kind + name + ".png")
            .decode(all, {48, 48})
            .image.pixels;
      };
      EXPECT_EQ(pixels(folder / "scenes"), pixels(committed)) << kind << name;
    }
    const auto annotation = "/Annotations" + name + ".xml";
    EXPECT_EQ(content_of((folder / "scenes") + annotation),
              content_of(committed + annotation));
  }
  EXPECT_EQ(content_of(folder / "scenes/classes.txt"),
            content_of(committed + "/classes.txt"));
  const auto named = data::read_mask_classes(committed + "/classes.txt");
  EXPECT_EQ(named.classes.size(), scene_classes().size() + 1);
  EXPECT_EQ(named.classes.back(), scene_classes().back());
  EXPECT_EQ(data::read_voc({{committed, "trainval"}}).images.size(), 4U);
  EXPECT_EQ(data::read_voc({{committed, "test"}}).images.size(), 2U);
}

TEST(Scenes, HaveThePaletteOfVoc) {
  using Color = std::array<std::uint8_t, 3>;
  EXPECT_EQ(voc_palette()[0], (Color{0, 0, 0}));
  EXPECT_EQ(voc_palette()[1], (Color{128, 0, 0}));
  EXPECT_EQ(voc_palette()[2], (Color{0, 128, 0}));
  EXPECT_EQ(voc_palette()[15], (Color{192, 128, 128}));
  EXPECT_EQ(voc_palette()[20], (Color{0, 64, 128}));
  EXPECT_EQ(voc_palette()[255], (Color{224, 224, 192}));
}

TEST(SceneErrors, NameTheRuleAndTheValue) {
  const auto pictures = square_pictures(1);
  EXPECT_EQ(error_of([&] {
              (void)compose_scene(pictures, {0}, 0, {16, 5, 0});
            }),
            "compose_scene: size must be 32 to 4096, got 16");
  EXPECT_EQ(error_of([&] {
              (void)compose_scene(pictures, {0}, 0, {64, 0, 0});
            }),
            "compose_scene: objects must be 1 to 100, got 0");
  EXPECT_EQ(error_of([&] { (void)compose_scene(pictures, {}, 0, {}); }),
            "compose_scene: there must be a picture to draw from, got 0");
  EXPECT_EQ(
      expandnet::testing::failure_of([] {
        write_mask("/nowhere/a.png", {0}, {1, 1});
      }),
      "write_png: a file must be written as PNG, got No such file or directory "
      "for \"/nowhere/a.png\"; see whether the folder is there and the disk "
      "has room");
}

}  // namespace
}  // namespace expandnet::examples
