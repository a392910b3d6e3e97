// The readers of sets with masks.
#include <expandnet/data/images/mask_transforms.h>
#include <expandnet/data/sets/cityscapes.h>
#include <expandnet/data/sets/mask_folder.h>
#include <expandnet/data/sets/voc_masks.h>

#include <filesystem>

#include "data/images/image_files.h"
#include "data/images/png_files.h"
#include "data/sets/files.h"
#include "testing.h"

namespace expandnet::data {
namespace {

using expandnet::testing::error_of;

constexpr ImageSize kSetSize = {6, 8};

class MaskSets : public FilesTest {
 protected:
  void write_image(const std::string& name, ImageSize size = kSetSize) const {
    write(name, jpeg_file(wavy_image(size.height, size.width)));
  }
  /// A grey mask, all of `index` but for the first pixel, which has `first`.
  void write_mask(const std::string& name, std::uint32_t index,
                  std::uint32_t first) const {
    std::vector<std::uint32_t> samples(
        static_cast<std::size_t>(kSetSize.height * kSetSize.width), index);
    samples[0] = first;
    PngLayout layout;
    layout.colour = 0;
    write(name, png_file(samples, kSetSize, layout));
  }
};

class CityscapesTest : public MaskSets {
 protected:
  void write_street(const std::string& city, const std::string& name) const {
    write_image("leftImg8bit/val/" + city + "/" + name + "_leftImg8bit.png");
    write_mask("gtFine/val/" + city + "/" + name + "_gtFine_labelIds.png", 7,
               33);
  }
  [[nodiscard]] MaskSet read(const MaskOptions& options = {}) const {
    return read_cityscapes(folder_, "val", options);
  }
  [[nodiscard]] std::string read_error() const {
    return message_of([&] { static_cast<void>(read()); });
  }
};

TEST_F(CityscapesTest, ReadsTheCitiesOfASplit) {
  write_street("ulm", "ulm_000001_000019");
  write_street("bonn", "bonn_2");
  write_street("bonn", "bonn_1");
  write("gtFine/val/bonn/bonn_1_gtFine_color.png", "");
  write("gtFine/val/bonn/.hidden", "");
  write("leftImg8bit/val/notes.txt", "");
  const auto set = read();
  EXPECT_EQ(set.classes, cityscapes_classes());
  EXPECT_EQ(set.classes.size(), 19U);
  ASSERT_EQ(set.images.size(), 3U);
  EXPECT_EQ(set.images[0].name, "bonn_1");
  EXPECT_EQ(set.images[1].name, "bonn_2");
  EXPECT_EQ(set.images[2].path,
            path("leftImg8bit/val/ulm/ulm_000001_000019_leftImg8bit.png"));
  EXPECT_EQ(set.images[2].mask,
            path("gtFine/val/ulm/ulm_000001_000019_gtFine_labelIds.png"));
  const auto labels = read_labels(set.images[0].mask, set.labels).labels;
  EXPECT_EQ(labels[0], 18);  // bicycle
  EXPECT_EQ(labels[1], 0);   // road
}

TEST_F(CityscapesTest, MapsIdsToTrainIds) {
  write_street("ulm", "ulm_1");
  const auto labels = read().labels;
  const std::int16_t none = kIgnoredLabel;
  EXPECT_EQ(IndexLabels(labels.begin(), labels.begin() + 34),
            (IndexLabels{none, none, none, none, none, none, none, 0,    1,
                         none, none, 2,    3,    4,    none, none, none, 5,
                         none, 6,    7,    8,    9,    10,   11,   12,   13,
                         14,   15,   none, none, 16,   17,   18}));
  // A licence plate is -1, which is 255 as a byte; other indices are errors.
  ASSERT_EQ(labels.size(), 256U);
  EXPECT_EQ(labels[34], -1);
  EXPECT_EQ(labels[255], none);
}

TEST_F(CityscapesTest, NamesWhatIsMissing) {
  write_street("ulm", "ulm_1");
  write_image("leftImg8bit/val/ulm/ulm_2_leftImg8bit.png");
  EXPECT_EQ(read_error(),
            "read_cityscapes: an image must have its mask, got \"" +
                path("leftImg8bit/val/ulm/ulm_2_leftImg8bit.png") +
                "\", no \"" + path("gtFine/val/ulm/ulm_2_gtFine_labelIds.png") +
                "\"; add the mask or remove the image");
  write_street("ulm", "ulm_2");
  std::filesystem::remove(path("leftImg8bit/val/ulm/ulm_1_leftImg8bit.png"));
  EXPECT_EQ(read_error(),
            "read_cityscapes: a mask must have its image, got \"" +
                path("gtFine/val/ulm/ulm_1_gtFine_labelIds.png") + "\", no \"" +
                path("leftImg8bit/val/ulm/ulm_1_leftImg8bit.png") +
                "\"; add the image or remove the mask");
  write_image("leftImg8bit/val/bonn/bonn_1_leftImg8bit.png");
  EXPECT_EQ(read_error(),
            "read_cityscapes: a city must have images and masks, got \"" +
                path("leftImg8bit/val/bonn") + "\", no \"" +
                path("gtFine/val/bonn") +
                "\"; complete the set or remove the city");
  EXPECT_EQ(message_of([&] { (void)read_cityscapes(folder_, "test"); }),
            "cannot list \"" + path("leftImg8bit/test") +
                "\": No such file or directory");
}

TEST_F(CityscapesTest, SkipsAndCountsFaults) {
  write_street("ulm", "ulm_1");
  write_street("ulm", "ulm_2");
  write_image("leftImg8bit/val/ulm/ulm_2_leftImg8bit.png", {6, 9});
  write_image("leftImg8bit/val/ulm/ulm_3_leftImg8bit.png");
  write_street("ulm", "ulm_4");
  write("gtFine/val/ulm/ulm_4_gtFine_labelIds.png", "no mask");
  MaskOptions options;
  options.faults = Faults::kSkip;
  const auto set = read(options);
  ASSERT_EQ(set.images.size(), 1U);
  EXPECT_EQ(set.skipped,
            (std::map<std::string, std::int64_t>{
                {"a mask must have the size of its image", 1},
                {"an image and its mask must be files that can be read", 1},
                {"an image must have its mask", 1}}));
  EXPECT_EQ(set.first_skipped.at("an image must have its mask"),
            "\"" + path("leftImg8bit/val/ulm/ulm_3_leftImg8bit.png") +
                "\", no \"" + path("gtFine/val/ulm/ulm_3_gtFine_labelIds.png") +
                "\"");
}

TEST_F(CityscapesTest, NeedsAnImage) {
  std::filesystem::create_directories(path("leftImg8bit/val"));
  std::filesystem::create_directories(path("gtFine/val"));
  EXPECT_EQ(read_error(),
            "read_cityscapes: there must be an image with its mask, got none; "
            "complete the files");
}

class VocMasksTest : public MaskSets {
 protected:
  [[nodiscard]] std::string read_error() const {
    return message_of([&] {
      static_cast<void>(read_voc_masks({{folder_, "train"}}));
    });
  }
};

TEST_F(VocMasksTest, ReadsTheListedImages) {
  write_image("JPEGImages/b.jpg");
  write_image("JPEGImages/a.jpg");
  write_mask("SegmentationClass/a.png", 20, 255);
  write_mask("SegmentationClass/b.png", 0, 21);
  write("ImageSets/Segmentation/train.txt", "b\r\n\r\na\n");
  const auto set = read_voc_masks({{folder_, "train"}});
  EXPECT_EQ(set.classes.size(), 21U);
  EXPECT_EQ(set.classes.front(), "background");
  EXPECT_EQ(set.classes.back(), "tvmonitor");
  ASSERT_EQ(set.images.size(), 2U);
  EXPECT_EQ(set.images[0].name, "b");
  EXPECT_EQ(set.images[1].path, path("JPEGImages/a.jpg"));
  const auto labels = read_labels(set.images[1].mask, set.labels).labels;
  EXPECT_EQ(labels[0], kIgnoredLabel);
  EXPECT_EQ(labels[1], 20);
  EXPECT_EQ(message_of([&] { (void)count_pixels(set); }),
            "read_labels: an index of a mask must have a class, got 21 at "
            "column 0, row 0 of \"" +
                path("SegmentationClass/b.png") +
                "\"; correct the mask or give the class");
}

TEST_F(VocMasksTest, NamesWhatIsMissingOrOfAnotherSize) {
  write("ImageSets/Segmentation/train.txt", "a\n");
  write_image("JPEGImages/a.jpg", {8, 6});
  const auto line =
      " in line 1 of \"" + path("ImageSets/Segmentation/train.txt") + "\"";
  EXPECT_EQ(read_error(),
            "read_voc_masks: an image must have its mask, got \"a\"" + line +
                ", no \"" + path("SegmentationClass/a.png") +
                "\"; add the mask or remove the image");
  write_mask("SegmentationClass/a.png", 0, 0);
  EXPECT_EQ(read_error(),
            "read_voc_masks: a mask must have the size of its image, got 8 x 6 "
            "in \"" +
                path("SegmentationClass/a.png") + "\", and 6 x 8 in \"" +
                path("JPEGImages/a.jpg") + "\"; correct one or remove both");
  MaskOptions options;
  options.check_sizes = false;
  const auto unchecked = read_voc_masks({{folder_, "train"}}, options);
  ASSERT_EQ(unchecked.images.size(), 1U);
  EXPECT_EQ(unchecked.images[0].size.height, 0);
  std::filesystem::remove(path("JPEGImages/a.jpg"));
  EXPECT_EQ(read_error(),
            "read_voc_masks: a mask must have its image, got \"a\"" + line +
                ", no \"" + path("JPEGImages/a.*") +
                "\"; add the image or remove the mask");
  std::filesystem::remove(path("SegmentationClass/a.png"));
  EXPECT_EQ(read_error(),
            "read_voc_masks: a name in a list must have its image and its "
            "mask, got \"a\"" +
                line + ", no \"" + path("JPEGImages/a.*") + "\" nor \"" +
                path("SegmentationClass/a.png") +
                "\"; add both or remove the line");
  EXPECT_EQ(error_of([] { (void)read_voc_masks({}); }),
            "read_voc_masks: there must be a part, got none; name a folder and "
            "its list");
}

TEST_F(VocMasksTest, FindsYearsThatHaveNoBoxes) {
  const auto make = [&](const std::string& year, const std::string& name) {
    std::filesystem::create_directories(path("VOCdevkit/" + year + "/" + name));
  };
  for (const auto* name :
       {"ImageSets/Segmentation", "JPEGImages", "SegmentationClass"}) {
    make("VOC2012", name);
  }
  for (const auto* name : {"ImageSets/Main", "JPEGImages", "Annotations"}) {
    make("VOC2007", name);
  }
  const std::vector<std::string> years = {path("VOCdevkit/VOC2012")};
  EXPECT_EQ(voc_mask_folders(folder_), years);
  EXPECT_EQ(voc_mask_folders(path("VOCdevkit")), years);
  EXPECT_EQ(voc_mask_folders(years[0]), years);
  const auto other = path("VOCdevkit/VOC2007");
  EXPECT_EQ(message_of([&] { (void)voc_mask_folders(other); }),
            "voc_mask_folders: a folder must hold ImageSets/Segmentation, "
            "JPEGImages and SegmentationClass, or VOC2007 and the like that "
            "do, got none in \"" +
                other +
                "\" nor in its VOCdevkit; name the folder of VOC's devkit");
}

class MaskFolderTest : public MaskSets {
 protected:
  MaskFolderTest() {
    write_image("images/2.jpg");
    write_image("images/1.png");
    write_mask("masks/1.png", 1, 255);
    write_mask("masks/2.png", 0, 1);
  }
  [[nodiscard]] MaskSet read(const std::string& classes) const {
    return read_mask_folder(path("images"), path("masks"),
                            write("classes.txt", classes));
  }
  [[nodiscard]] std::string read_error(const std::string& classes) const {
    return message_of([&] { static_cast<void>(read(classes)); });
  }
};

TEST_F(MaskFolderTest, ReadsImagesAndMasksOfTheSameName) {
  write("images/.hidden.jpg", "");
  write("masks/notes.txt", "");
  const auto set = read("sky\r\nthe sea\n");
  EXPECT_EQ(set.classes, (std::vector<std::string>{"sky", "the sea"}));
  ASSERT_EQ(set.images.size(), 2U);
  EXPECT_EQ(set.images[0].path, path("images/1.png"));
  EXPECT_EQ(set.images[1].mask, path("masks/2.png"));
  EXPECT_EQ(set.images[1].size.height, kSetSize.height);
  EXPECT_EQ(set.images[1].size.width, kSetSize.width);
  const auto labels = read_labels(set.images[0].mask, set.labels).labels;
  EXPECT_EQ(labels[0], kIgnoredLabel);
  EXPECT_EQ(labels[1], 1);
}

TEST_F(MaskFolderTest, ReadsAnIndexHoweverItIsSetApart) {
  const auto expected = read("2 ground\n0 a tree\n1 b\n");
  EXPECT_EQ(expected.classes,
            (std::vector<std::string>{"ground", "a tree", "b"}));
  EXPECT_EQ(expected.labels[2], 0);
  const std::string byte_order_mark = "\xef\xbb\xbf";
  for (const std::string& classes : std::vector<std::string>{
           byte_order_mark + "2 ground\n0 a tree\n1 b\n",
           "  2 ground\n\t0 a tree\n1 b \t\r\n", "2\tground\n0 \t a tree\n1  b",
           "2: ground\n0:a tree\n1 : b", "2,ground\n0, a tree\n1 ,b"}) {
    const auto set = read(classes);
    EXPECT_EQ(set.classes, expected.classes) << classes;
    EXPECT_EQ(set.labels, expected.labels) << classes;
  }
  // Numbers without a separator and a name behind them are names.
  EXPECT_EQ(read("3d\n7\n").classes, (std::vector<std::string>{"3d", "7"}));
}

TEST_F(MaskFolderTest, RefusesALineThatIsWrittenOtherwise) {
  const auto mixed = [&](const std::string& other, int line,
                         const std::string& first) {
    return "read_mask_classes: all lines of a classes file must start with an "
           "index, or none, got \"" +
           other + "\" in line " + std::to_string(line) + " of \"" +
           path("classes.txt") + "\", unlike \"" + first +
           "\" in line 1; write all of them in one way";
  };
  EXPECT_EQ(read_error("0 a\n1 b\nroad\n"), mixed("road", 3, "0 a"));
  EXPECT_EQ(read_error("void\n\n0 a\n"), mixed("0 a", 3, "void"));
  EXPECT_EQ(read_error("# my classes\n0 a\n"), mixed("0 a", 2, "# my classes"));
  EXPECT_EQ(read_error("-1 void\n0 ground\n"),
            "read_mask_classes: an index of a class must be 0 to 65535, got "
            "\"-1 void\" in line 1 of \"" +
                path("classes.txt") + "\"; correct it");
  EXPECT_EQ(read_error("# my classes\nground\n"),
            "read_mask_classes: a line of a classes file must be a class, got "
            "\"# my classes\" in line 1 of \"" +
                path("classes.txt") + "\"; remove the comment");
}

TEST_F(MaskFolderTest, RefusesWhatIsNoUtf8) {
  const auto refusal = [&](const std::string& value) {
    return "read_text_lines: a text file must be UTF-8, got " + value + "\"" +
           path("classes.txt") + "\"; save it as UTF-8";
  };
  using namespace std::string_literals;
  EXPECT_EQ(read_error("\xff\xfes\0k\0y\0\n\0"s), refusal("UTF-16 in "));
  EXPECT_EQ(read_error("\xfe\xff\0s\0k\0y\0\n"s), refusal("UTF-16 in "));
  EXPECT_EQ(read_error("sky\ns\0e\0a\0\n"s),
            refusal("a NUL byte in line 2 of "));
}

TEST_F(MaskFolderTest, CountsThePixelsOfClasses) {
  const auto counted = count_pixels(read("sky\nsea\nland\n"));
  // The first mask: 47 of class 1, one ignored; the second: 47 of class 0 and
  // one of class 1.
  EXPECT_EQ(counted.pixels, (std::vector<std::int64_t>{47, 48, 0}));
  EXPECT_EQ(counted.image_pixels, (std::vector<std::int64_t>{48, 95, 0}));
  EXPECT_EQ(counted.ignored, 1);

  write("masks/2.png", "no mask");
  MaskOptions skipping;
  skipping.check_sizes = false;
  const auto set = read_mask_folder(path("images"), path("masks"),
                                    path("classes.txt"), skipping);
  EXPECT_EQ(count_pixels(set, Faults::kSkip).pixels,
            (std::vector<std::int64_t>{0, 47, 0}));
  EXPECT_THROW(static_cast<void>(count_pixels(set)), std::runtime_error);
}

TEST_F(MaskFolderTest, CountsInStoredPixels) {
  JpegOptions turned;
  turned.app1 = exif(6, true);
  write("images/2.jpg",
        jpeg_file(wavy_image(kSetSize.height, kSetSize.width), turned));
  const auto set = read("sky\nsea\n");
  EXPECT_EQ(set.images[1].size.height, kSetSize.height);
  const auto picture =
      read_labelled(set.images[1].path, set.images[1].mask, set.labels);
  EXPECT_EQ(picture.image.height, kSetSize.height);
  EXPECT_EQ(picture.image.pixels,
            plain_decode(jpeg_file(wavy_image(kSetSize.height, kSetSize.width),
                                   turned)));
}

TEST_F(MaskFolderTest, MergesIndicesOfOneClass) {
  const auto set = read("0 water\n1 land\n700  water\n3 ignored\n255 air\n");
  EXPECT_EQ(set.classes, (std::vector<std::string>{"water", "land", "air"}));
  ASSERT_EQ(set.labels.size(), 701U);
  EXPECT_EQ(set.labels[0], 0);
  EXPECT_EQ(set.labels[1], 1);
  EXPECT_EQ(set.labels[2], -1);
  EXPECT_EQ(set.labels[3], kIgnoredLabel);
  EXPECT_EQ(set.labels[255], 2);
  EXPECT_EQ(set.labels[700], 0);
}

TEST_F(MaskFolderTest, NamesALineThatIsWrong) {
  const auto file = "\"" + path("classes.txt") + "\"";
  EXPECT_EQ(
      read_error(""),
      "read_mask_classes: a classes file must name a class, got none in " +
          file + "; write a class a line");
  EXPECT_EQ(read_error("ignored\n"),
            "read_mask_classes: a classes file must name a class, got only "
            "ignored ones in " +
                file + "; write a class a line");
  EXPECT_EQ(read_error("1 a\n1 b\n"),
            "read_mask_classes: an index must have one class, got 1 again in "
            "line 2 of " +
                file + "; remove a line");
  EXPECT_EQ(read_error("65536 a\n"),
            "read_mask_classes: an index of a class must be 0 to 65535, got "
            "\"65536 a\" in line 1 of " +
                file + "; correct it");
  std::string many;
  for (int i = 0; i < 256; ++i) many += "class" + std::to_string(i) + "\n";
  EXPECT_EQ(
      read_error(many),
      "read_mask_classes: there must be at most 255 classes, got one more "
      "in line 256 of " +
          file + "; merge some");
  EXPECT_EQ(message_of([&] {
              (void)read_mask_folder(path("images"), path("masks"),
                                     path("none"));
            }),
            "cannot open \"" + path("none") + "\": No such file or directory");
}

TEST_F(MaskFolderTest, NamesAnImageThatIsAloneOrThereTwice) {
  write_image("images/3.jpg");
  EXPECT_EQ(read_error("a\nb\n"),
            "read_mask_folder: an image must have its mask, got \"" +
                path("images/3.jpg") + "\", no \"" + path("masks/3.png") +
                "\"; add the mask or remove the image");
  std::filesystem::remove(path("images/3.jpg"));
  write_mask("masks/3.png", 0, 0);
  EXPECT_EQ(read_error("a\nb\n"),
            "read_mask_folder: a mask must have its image, got \"" +
                path("masks/3.png") + "\", no \"" + path("images/3.*") +
                "\"; add the image or remove the mask");
  write_image("images/1.jpg");
  EXPECT_EQ(read_error("a\nb\n"),
            "read_mask_folder: images must have names of their own, got \"" +
                path("images/1.jpg") + "\" and \"" + path("images/1.png") +
                "\"; rename one");
  std::filesystem::remove(path("images/1.jpg"));
  write_mask("masks/2.PNG", 0, 0);
  EXPECT_EQ(read_error("a\nb\n"),
            "read_mask_folder: masks must have names of their own, got \"" +
                path("masks/2.PNG") + "\" and \"" + path("masks/2.png") +
                "\"; rename one");
}

}  // namespace
}  // namespace expandnet::data
