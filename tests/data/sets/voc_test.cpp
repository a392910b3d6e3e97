#include <c10/util/StringUtil.h>
#include <expandnet/data/sets/voc.h>

#include <filesystem>
#include <utility>

#include "data/images/image_files.h"
#include "data/sets/files.h"
#include "testing.h"

namespace expandnet::data {
namespace {

using expandnet::testing::error_of;

/// An object as VOC's files have it, on lines of its own.
std::string voc_object(const std::string& name, const std::string& box,
                       const std::string& flags = "") {
  const auto numbers = c10::str(box, " ");
  std::string text =
      "<object>\n<name>" + name + "</name>" + flags + "<bndbox>\n";
  std::size_t begin = 0;
  for (const auto* side : {"xmin", "ymin", "xmax", "ymax"}) {
    const auto end = numbers.find(' ', begin);
    text += c10::str("<", side, ">", numbers.substr(begin, end - begin), "</",
                     side, ">\n");
    begin = end + 1;
  }
  return text + "</bndbox></object>\n";
}

std::string voc_annotation(const std::string& objects, int width = 40,
                           int height = 30) {
  return c10::str("<annotation>\n<filename>odd.jpg</filename>\n<size>\n<width>",
                  width, "</width><height>", height,
                  "</height><depth>3</depth></size>\n", objects,
                  "</annotation>\n");
}

class VocTest : public FilesTest {
 protected:
  void write_image(const std::string& name) const {
    write(name, jpeg_file(wavy_image(30, 40)));
  }
  /// An image, its annotation, and the list "train" of it alone.
  void write_one(const std::string& objects) const {
    write_image("JPEGImages/a.jpg");
    write("Annotations/a.xml", voc_annotation(objects));
    write("ImageSets/Main/train.txt", "a\n");
  }
  [[nodiscard]] AnnotatedSet read(const AnnotationOptions& options = {}) const {
    return read_voc({{folder_, "train"}}, options);
  }
  [[nodiscard]] std::string read_error(
      const AnnotationOptions& options = {}) const {
    return message_of([&] { static_cast<void>(read(options)); });
  }
  [[nodiscard]] AnnotatedSet read_skipping() const {
    AnnotationOptions options;
    options.faults = Faults::kSkip;
    return read(options);
  }
};

TEST_F(VocTest, ReadsTheListedImages) {
  write_one(voc_object("dog", "1 1 40 30") +
            voc_object("cat", "11 6 20.5 15",
                       "<pose>Left</pose><truncated>1</truncated>"
                       "<difficult>1</difficult><part><name>head</name>"
                       "<bndbox><xmin>12</xmin></bndbox></part>"));
  write_image("JPEGImages/b.png");
  write("Annotations/b.xml", voc_annotation(""));
  write("ImageSets/Main/train.txt", "b\r\na \r\n\r\n");

  const auto set = read();

  EXPECT_EQ(set.classes, (std::vector<std::string>{"cat", "dog"}));
  ASSERT_EQ(set.images.size(), 2U);
  EXPECT_EQ(set.images[0].name, "b");
  EXPECT_EQ(set.images[0].path, path("JPEGImages/b.png"));
  EXPECT_EQ(set.images[0].objects.size(), 0U);
  const auto& image = set.images[1];
  EXPECT_EQ(image.size.height, 30);
  EXPECT_EQ(image.size.width, 40);
  ASSERT_EQ(image.objects.size(), 2U);
  EXPECT_EQ(image.objects[0].label, 1);
  EXPECT_EQ(image.objects[0].box.left, 0);
  EXPECT_EQ(image.objects[0].box.width, 40);
  EXPECT_EQ(image.objects[0].box.height, 30);
  EXPECT_FALSE(image.objects[0].difficult || image.objects[0].truncated);
  EXPECT_EQ(image.objects[1].label, 0);
  EXPECT_EQ(image.objects[1].box.left, 10);
  EXPECT_EQ(image.objects[1].box.top, 5);
  EXPECT_EQ(image.objects[1].box.width, 10.5);
  EXPECT_EQ(image.objects[1].box.height, 10);
  EXPECT_TRUE(image.objects[1].difficult && image.objects[1].truncated);
  EXPECT_TRUE(set.skipped.empty());
}

TEST_F(VocTest, ReadsSeveralYears) {
  for (const std::string year : {"VOC2012/", "VOC2007/"}) {
    write_image("VOCdevkit/" + year + "JPEGImages/1.jpg");
    write("VOCdevkit/" + year + "Annotations/1.xml", voc_annotation(""));
    write("VOCdevkit/" + year + "ImageSets/Main/trainval.txt", "1\n");
  }
  const auto folders = voc_folders(folder_);
  EXPECT_EQ(folders, (std::vector<std::string>{path("VOCdevkit/VOC2007"),
                                               path("VOCdevkit/VOC2012")}));
  EXPECT_EQ(voc_folders(path("VOCdevkit")), folders);
  EXPECT_EQ(voc_folders(folders[0]), std::vector<std::string>{folders[0]});
  const auto set = read_voc(
      {{folders[0], "trainval"}, {folders[1], "trainval"}}, {voc_classes()});
  EXPECT_EQ(set.classes.size(), 20U);
  ASSERT_EQ(set.images.size(), 2U);
  EXPECT_EQ(set.images[1].path, path("VOCdevkit/VOC2012/JPEGImages/1.jpg"));
  EXPECT_EQ(message_of([&] {
              (void)voc_folders(
                  path("VOCdevkit/VOC2007/"
                       "JPEGImages"));
            }),
            "voc_folders: a folder must hold Annotations, or VOC2007 and the "
            "like that do, got none in \"" +
                path("VOCdevkit/VOC2007/JPEGImages") +
                "\" nor in its VOCdevkit; name the folder of VOC's devkit");
}

TEST_F(VocTest, ReadsFoldersOfImagesAndAnnotations) {
  write_image("images/2.jpg");
  write_image("images/1.JPEG");
  write("images/.hidden.jpg", "");
  write("images/notes.txt", "");
  write("boxes/1.xml", voc_annotation(voc_object("tree", "1 1 5 5")));
  write("boxes/2.xml", voc_annotation(""));
  const auto set = read_voc_folder(path("images"), path("boxes"));
  EXPECT_EQ(set.classes, std::vector<std::string>{"tree"});
  ASSERT_EQ(set.images.size(), 2U);
  EXPECT_EQ(set.images[0].path, path("images/1.JPEG"));
  EXPECT_EQ(set.images[0].objects.size(), 1U);

  write_image("images/3.jpg");
  const auto error = [&] {
    return message_of(
        [&] { (void)read_voc_folder(path("images"), path("boxes")); });
  };
  EXPECT_EQ(error(),
            "read_voc_folder: an image must have its annotation, got \"" +
                path("images/3.jpg") + "\", no \"" + path("boxes/3.xml") +
                "\"; add the file or remove the image");
  std::filesystem::remove(path("images/3.jpg"));
  write("boxes/3.xml", voc_annotation(""));
  EXPECT_EQ(error(),
            "read_voc_folder: an annotation must have its image, got \"3\" in "
            "line 3 of \"" +
                path("boxes/3.xml") +
                "\"; add the file or remove the annotation");
}

TEST_F(VocTest, CutsOffWhatIsLessThanAPixelOutside) {
  write_one(voc_object("cat", "0 0 41 30.5"));  // as tools that count from 0
  const auto box = read().images.at(0).objects.at(0).box;
  EXPECT_EQ(box.left, 0);
  EXPECT_EQ(box.top, 0);
  EXPECT_EQ(box.width, 40);
  EXPECT_EQ(box.height, 30);
}

TEST_F(VocTest, NamesABoxThatIsOutsideOrEmpty) {
  const auto end = path("Annotations/a.xml") + "\"";
  write_one(voc_object("cat", "1 1 2 2") + voc_object("cat", "31 1 50 20"));
  EXPECT_EQ(read_error(),
            "read_voc: a box must lie inside its image, got 20 x 20 pixels at "
            "column 30, row 0 in line 12 of \"" +
                end + ", of 40 x 30 pixels; correct or remove it");
  write_one(voc_object("cat", "10 1 8.5 20"));
  EXPECT_EQ(read_error(),
            "read_voc: a box must have an area, got -0.5 x 20 pixels at column "
            "9, row 0 in line 5 of \"" +
                end + "; correct or remove it");
}

TEST_F(VocTest, NamesAnUnknownClass) {
  write_one(voc_object("cat", "1 1 2 2") + voc_object("cow", "1 1 2 2"));
  EXPECT_EQ(read_error({{"cat"}}),
            "read_voc: an object must be of a known class, got \"cow\" in line "
            "12 of \"" +
                path("Annotations/a.xml") +
                "\"; correct it or leave the object out");
}

TEST_F(VocTest, NamesAnObjectThatIsNotWhole) {
  const auto end = " in line 5 of \"" + path("Annotations/a.xml") + "\"; ";
  for (const auto& [box, wrong] :
       {std::pair<std::string, std::string>{"1 1 2 x",
                                            "ymax must be a number, got \"x\""},
        {"1 nan 2 2", "ymin must be a number, got \"nan\""},
        {"1,5 1 2 2", "xmin must be a number, got \"1,5\""}}) {
    write_one(voc_object("cat", box));
    EXPECT_EQ(read_error(), "read_voc: " + wrong + end + "correct it");
  }
  write_one(voc_object("cat", "1  2 2"));
  EXPECT_EQ(read_error(),
            "read_voc: an object must have a name and xmin, ymin, xmax and "
            "ymax, got no ymin" +
                end + "complete it");
  write_one(voc_object("cat", "+5 1 9 2"));
  EXPECT_EQ(read().images[0].objects[0].box.left, 4);
}

TEST_F(VocTest, NamesWhatIsThereTwice) {
  const auto end =
      " in line 5 of \"" + path("Annotations/a.xml") + "\"; correct it";
  write_one(voc_object("cat", "1 1 2 2", "<bndbox><xmin>1</xmin></bndbox>"));
  EXPECT_EQ(read_error(),
            "read_voc: an object must have one bndbox, got a second one" + end);
  write_one(voc_object("cat", "1 1 2 2", "<name>dog</name>"));
  EXPECT_EQ(
      read_error(),
      "read_voc: an object must have one name, got \"cat\" and \"dog\"" + end);
  write_one(voc_object("cat", "1 1 2 2</ymax><ymax>3"));
  EXPECT_EQ(read_error(),
            "read_voc: ymax must be there once, got \"3\" again" + end);
}

TEST_F(VocTest, ReadsTruthsAsNumbersAndWords) {
  const auto difficult = [&](const std::string& value) {
    write_one(
        voc_object("cat", "1 1 2 2", "<difficult>" + value + "</difficult>"));
    return read().images[0].objects[0].difficult;
  };
  for (const auto* yes : {"1", "True", " true\n"}) {
    EXPECT_TRUE(difficult(yes)) << yes;
  }
  for (const auto* no : {"0", "False", ""}) EXPECT_FALSE(difficult(no)) << no;
  write_one(voc_object("cat", "1 1 2 2", "<truncated>Unspecified</truncated>"));
  EXPECT_EQ(read_error(),
            "read_voc: truncated must be 0, 1, true or false, got "
            "\"Unspecified\" in line 5 of \"" +
                path("Annotations/a.xml") + "\"; correct it");
}

TEST_F(VocTest, CountsInStoredPixels) {
  write_one(voc_object("cat", "1 1 2 2"));
  JpegOptions turned;
  turned.app1 = exif(6, true);
  write("JPEGImages/a.jpg", jpeg_file(wavy_image(30, 40), turned));
  EXPECT_EQ(read().images[0].size.width, 40);
}

TEST_F(VocTest, RefusesTwoFilesOfOneName) {
  write_image("both/a.jpg");
  write_image("both/a.png");
  write("both/a.xml", voc_annotation(""));
  const auto error = [&] {
    return message_of(
        [&] { (void)read_voc_folder(path("both"), path("both")); });
  };
  EXPECT_EQ(error(),
            "read_voc_folder: images must have names of their own, got \"" +
                path("both/a.jpg") + "\" and \"" + path("both/a.png") +
                "\"; rename one");
  std::filesystem::remove(path("both/a.png"));
  write("both/a.XML", voc_annotation(""));
  EXPECT_EQ(error(),
            "read_voc_folder: annotations must have names of their own, got "
            "\"" +
                path("both/a.XML") + "\" and \"" + path("both/a.xml") +
                "\"; rename one");
  write_one("");
  write_image("JPEGImages/a.Png");
  EXPECT_EQ(read_error(),
            "read_voc: images must have names of their own, got \"" +
                path("JPEGImages/a.Png") + "\" and \"" +
                path("JPEGImages/a.jpg") + "\"; rename one");
}

TEST_F(VocTest, ReadsNamesInAList) {
  write_image("JPEGImages/a picture.jPeG");
  write("Annotations/a picture.xml", voc_annotation(""));
  write("ImageSets/Main/train.txt",
        "\xef\xbb\xbf"
        "\ta picture \r\n");
  const auto set = read();
  ASSERT_EQ(set.images.size(), 1U);
  EXPECT_EQ(set.images[0].name, "a picture");
  EXPECT_EQ(set.images[0].path, path("JPEGImages/a picture.jPeG"));
}

TEST_F(VocTest, NamesAnImageOfAnotherSize) {
  write_one("");
  write("Annotations/a.xml", voc_annotation("", 30, 40));
  EXPECT_EQ(read_error(),
            "read_voc: an annotation must have the size of its image, got 30 x "
            "40 in line 3 of \"" +
                path("Annotations/a.xml") + "\", and 40 x 30 in \"" +
                path("JPEGImages/a.jpg") +
                "\"; correct the annotation, which counts in pixels as they "
                "are stored, before an EXIF orientation turns them");
  write("Annotations/a.xml", voc_annotation("", 41, 30));
  EXPECT_EQ(read_error(),
            "read_voc: an annotation must have the size of its image, got 41 x "
            "30 in line 3 of \"" +
                path("Annotations/a.xml") + "\", and 40 x 30 in \"" +
                path("JPEGImages/a.jpg") + "\"; correct the annotation");
  AnnotationOptions options;
  options.check_sizes = false;
  EXPECT_EQ(read_error(options), "");
  write("Annotations/a.xml", "<annotation>\n\n</annotation>");
  EXPECT_EQ(read_error(),
            "read_voc: an annotation must state the size of its image, got "
            "none in line 1 of \"" +
                path("Annotations/a.xml") + "\"; add width and height");
  write("Annotations/a.xml",
        "<annotation><size><width>40px</width></size></annotation>");
  EXPECT_EQ(read_error(),
            "read_voc: width must be a number, got \"40px\" in line 1 of \"" +
                path("Annotations/a.xml") + "\"; correct it");
}

TEST_F(VocTest, NamesAnAnnotationThatIsNoXml) {
  write_one("");
  const auto error_of_bytes = [&](const std::string& bytes) {
    write("Annotations/a.xml", bytes);
    return read_error();
  };
  const auto expected = [&](const std::string& wrong) {
    return "read_voc: an annotation must be XML with the root annotation, "
           "got " +
           wrong + " of \"" + path("Annotations/a.xml") +
           "\"; correct the file";
  };
  EXPECT_EQ(error_of_bytes("<annotation>\n<size>\n</annotation>\n"),
            expected("mismatched tag in line 3"));
  EXPECT_EQ(error_of_bytes(""), expected("no element found in line 1"));
  EXPECT_EQ(error_of_bytes("<html></html>"),
            expected("another root in line 1"));
  EXPECT_EQ(error_of_bytes("<html/>"), expected("another root in line 1"));
  EXPECT_EQ(error_of_bytes("<!DOCTYPE annotation [<!ENTITY a \"b\">]>\n"
                           "<annotation>&a;</annotation>"),
            expected("a document type in line 1"));
  EXPECT_EQ(
      error_of_bytes("<?xml version='1.0' encoding='gb-x'?><annotation/>"),
      "read_voc: an annotation must be XML with the root annotation, got the "
      "encoding \"gb-x\" in line 1 of \"" +
          path("Annotations/a.xml") + "\"; save it as UTF-8");
  std::string deep = "<annotation>";
  for (int i = 0; i < 32; ++i) deep += "\n<a>";
  EXPECT_EQ(error_of_bytes(deep), expected("more than 32 levels in line 33"));
}

TEST_F(VocTest, NamesAMissingImageAndAnnotation) {
  write_one("");
  std::filesystem::remove(path("JPEGImages/a.jpg"));
  EXPECT_EQ(read_error(),
            "read_voc: an annotation must have its image, got \"a\" in line 3 "
            "of \"" +
                path("Annotations/a.xml") +
                "\"; add the file or remove the annotation");
  std::filesystem::remove(path("Annotations/a.xml"));
  EXPECT_EQ(read_error(),
            "read_voc: an image must have its annotation, got \"a\" in line 1 "
            "of \"" +
                path("ImageSets/Main/train.txt") + "\", no \"" +
                path("Annotations/a.xml") +
                "\"; add the file or remove the image");
}

TEST_F(VocTest, NamesALineOfAListThatIsWrong) {
  write_one("");
  const auto list = path("ImageSets/Main/train.txt");
  write("ImageSets/Main/train.txt", "a\na\n");
  EXPECT_EQ(read_error(),
            "read_voc: a list must name an image once, got \"a\" in line 2 of "
            "\"" +
                list + "\"; remove a line");
  write("ImageSets/Main/train.txt", "a -1\n");
  EXPECT_EQ(read_error(),
            "read_voc: a line of a list must be the name of an image, got \"a "
            "-1\" in line 1 of \"" +
                list + "\"; give a list without classes, like trainval");
  write("ImageSets/Main/train.txt", "sub/a\n");
  EXPECT_EQ(read_error(),
            "read_voc: a line of a list must be the name of an image, got "
            "\"sub/a\" in line 1 of \"" +
                list +
                "\"; put the image into JPEGImages itself, and write its name "
                "only");
  std::filesystem::remove(list);
  EXPECT_EQ(read_error(),
            "cannot open \"" + list + "\": No such file or directory");
  EXPECT_EQ(error_of([] { (void)read_voc({}); }),
            "read_voc: there must be a part, got none; name a folder and its "
            "list");
}

TEST_F(VocTest, SkipsAndCountsFaults) {
  write_one(voc_object("cat", "1 1 2 2") + voc_object("cat", "31 1 50 20") +
            voc_object("cat", "5 5 4 4") + voc_object("cat", "1 1 2"));
  write("ImageSets/Main/train.txt", "a\nb\nc\nd\ne\n");
  write("Annotations/b.xml", "<annotation>");
  write("Annotations/c.xml", voc_annotation(""));
  write("JPEGImages/d.jpg", "no image");
  write("Annotations/d.xml", voc_annotation(""));
  const auto set = read_skipping();
  ASSERT_EQ(set.images.size(), 1U);
  EXPECT_EQ(set.images[0].objects.size(), 1U);
  EXPECT_EQ(
      set.skipped,
      (std::map<std::string, std::int64_t>{
          {"a box must have an area", 1},
          {"a box must lie inside its image", 1},
          {"an annotation must be XML with the root annotation", 1},
          {"an annotation must have its image", 1},
          {"an image must be one that can be read", 1},
          {"an image must have its annotation", 1},
          {"an object must have a name and xmin, ymin, xmax and ymax", 1}}));
  EXPECT_EQ(set.first_skipped.at("an image must have its annotation"),
            "\"e\" in line 5 of \"" + path("ImageSets/Main/train.txt") +
                "\", no \"" + path("Annotations/e.xml") + "\"");
}

TEST_F(VocTest, NeedsAnImage) {
  write("ImageSets/Main/train.txt", "\n");
  EXPECT_EQ(read_error(),
            "read_voc: a list must name an image, got none in \"" +
                path("ImageSets/Main/train.txt") + "\"; write a name a line");
  write("ImageSets/Main/train.txt", "a\nb\n");
  AnnotationOptions options;
  options.faults = Faults::kSkip;
  EXPECT_EQ(read_error(options),
            "read_voc: there must be an image with its annotation, got none "
            "but skipped ones: 2 times \"an image must have its annotation\"; "
            "complete the files");
}

}  // namespace
}  // namespace expandnet::data
