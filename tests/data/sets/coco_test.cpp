#include <c10/util/StringUtil.h>
#include <expandnet/data/sets/coco.h>

#include <filesystem>

#include "data/images/image_files.h"
#include "data/sets/files.h"

namespace expandnet::data {
namespace {

constexpr const char* kCocoImages =
    "\"images\": [\n"
    "{\"id\": 9, \"file_name\": \"a.jpg\", \"width\": 40, \"height\": 30},\n"
    "{\"id\": 4, \"file_name\": \"b.jpg\", \"width\": 40, \"height\": 30}\n"
    "],\n";
constexpr const char* kCocoCategories =
    "\"categories\": [{\"id\": 90, \"name\": \"dog\"},\n"
    "{\"id\": 7, \"name\": \"cat\"}]";

class CocoTest : public FilesTest {
 protected:
  CocoTest() {
    for (const auto* name : {"images/a.jpg", "images/b.jpg"}) {
      write(name, jpeg_file(wavy_image(30, 40)));
    }
  }
  void write_annotations(const std::string& annotations) const {
    write("all.json", c10::str("{", kCocoImages, "\"annotations\": [",
                               annotations, "],\n", kCocoCategories, "}"));
  }
  [[nodiscard]] AnnotatedSet read(const AnnotationOptions& options = {}) const {
    return read_coco(path("all.json"), path("images"), options);
  }
  [[nodiscard]] std::string read_error(
      const AnnotationOptions& options = {}) const {
    return message_of([&] { static_cast<void>(read(options)); });
  }
  [[nodiscard]] std::string in(const std::string& element) const {
    return c10::str(" in ", element, " of \"", path("all.json"), "\"");
  }
};

TEST_F(CocoTest, MapsIdsToPlaces) {
  write_annotations(
      "{\"id\": 1, \"image_id\": 4, \"category_id\": 90, \"iscrowd\": 0, "
      "\"segmentation\": [[1, 2, 3]], \"area\": 7, \"bbox\": [1.5, 2, 10, "
      "20.25]},\n"
      "{\"image_id\": 4, \"category_id\": 7, \"iscrowd\": 1, "
      "\"segmentation\": {\"counts\": [1], \"size\": {\"bbox\": 3}}, "
      "\"bbox\": [0, 0, 40.5, 30]}");
  const auto set = read();
  EXPECT_EQ(set.classes, (std::vector<std::string>{"cat", "dog"}));
  ASSERT_EQ(set.images.size(), 2U);
  EXPECT_EQ(set.images[0].name, "9");
  EXPECT_EQ(set.images[0].path, path("images/a.jpg"));
  EXPECT_EQ(set.images[0].objects.size(), 0U);
  EXPECT_EQ(set.images[1].size.height, 30);
  const auto& objects = set.images[1].objects;
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(objects[0].label, 1);
  EXPECT_FALSE(objects[0].crowd);
  EXPECT_EQ(objects[0].box.left, 1.5);
  EXPECT_EQ(objects[0].box.top, 2);
  EXPECT_EQ(objects[0].box.width, 10);
  EXPECT_EQ(objects[0].box.height, 20.25);
  EXPECT_EQ(objects[1].label, 0);
  EXPECT_TRUE(objects[1].crowd);
  EXPECT_EQ(objects[1].box.width, 40);

  EXPECT_EQ(read({{"cow", "dog", "cat"}}).images[1].objects[0].label, 1);
  EXPECT_EQ(read_error({{"cow", "dog"}}),
            "read_coco: an object must be of a known class, got \"cat\"" +
                in("annotation number 2") +
                "; correct it or leave the object out");
}

TEST_F(CocoTest, ReadsArraysInAnyOrder) {
  write(
      "all.json",
      c10::str("{\"info\": {\"id\": {}}, \"annotations\": [{\"image_id\": 9, "
               "\"category_id\": 7, \"bbox\": [1, 1, 2, 2]}], ",
               kCocoImages, kCocoCategories, ", \"licenses\": [{\"id\": 1}]}"));
  EXPECT_EQ(read().images[0].objects.size(), 1U);
}

TEST_F(CocoTest, NamesTheAnnotationOfAFault) {
  const auto error_of_annotation = [&](const std::string& fields) {
    write_annotations(
        "{\"image_id\": 9, \"category_id\": 7, \"bbox\": [1, 1, "
        "2, 2]}, {\"id\": 31, " +
        fields + "}");
    return read_error();
  };
  EXPECT_EQ(error_of_annotation("\"image_id\": 9, \"category_id\": 7, "
                                "\"bbox\": [30, 1, 20, 2]"),
            "read_coco: a box must lie inside its image, got 20 x 2 pixels at "
            "column 30, row 1" +
                in("annotation 31") +
                ", of 40 x 30 pixels; correct or remove it");
  EXPECT_EQ(error_of_annotation("\"image_id\": 9, \"category_id\": 7, "
                                "\"bbox\": [3, 1, 0, 2]"),
            "read_coco: a box must have an area, got 0 x 2 pixels at column 3, "
            "row 1" +
                in("annotation 31") + "; correct or remove it");
  EXPECT_EQ(error_of_annotation("\"image_id\": 5, \"category_id\": 7, "
                                "\"bbox\": [3, 1, 1, 2]"),
            "read_coco: an annotation must be of an image in the file, got 5" +
                in("annotation 31") +
                "; add the image or remove the annotation");
  EXPECT_EQ(error_of_annotation("\"image_id\": 9, \"category_id\": 8, "
                                "\"bbox\": [3, 1, 1, 2]"),
            "read_coco: an annotation must be of a category in the file, got "
            "8" +
                in("annotation 31") +
                "; add the category or remove the annotation");
  const std::string rule =
      "read_coco: an annotation must have image_id, category_id and bbox, got ";
  for (const auto* bbox : {"[3,1,1]", "[3,1,1,\"2\"]", "3"}) {
    EXPECT_EQ(error_of_annotation(c10::str(
                  "\"image_id\": 9, \"category_id\": 8, \"bbox\": ", bbox)),
              c10::str(rule, "bbox ", bbox, in("annotation 31"),
                       "; complete or correct it"));
  }
  EXPECT_EQ(error_of_annotation("\"image_id\": 9, \"bbox\": [3, 1, 1, 2]"),
            rule + "no category_id" + in("annotation 31") +
                "; complete or correct it");
  EXPECT_EQ(error_of_annotation("\"image_id\": 9, \"category_id\": 7, "
                                "\"bbox\": [3, 1, 1, 2], \"iscrowd\": 2"),
            "read_coco: iscrowd must be 0, 1, true or false, got iscrowd 2" +
                in("annotation 31") + "; correct it");
}

TEST_F(CocoTest, TakesWholeNumbersAndIdsHoweverTheyAreWritten) {
  write("all.json",
        "{\"images\": [{\"id\": \"9\", \"file_name\": \"a.jpg\", \"width\": "
        "40.0, \"height\": 3e1}], \"annotations\": [{\"image_id\": 9.0, "
        "\"category_id\": \"7\", \"bbox\": [1, 1, 2, 2], \"iscrowd\": true}, "
        "{\"image_id\": 9, \"category_id\": 7, \"bbox\": [1, 1, 2, 2], "
        "\"iscrowd\": false}], \"categories\": [{\"id\": 7, \"name\": "
        "\"cat\"}]}");
  const auto set = read();
  ASSERT_EQ(set.images.size(), 1U);
  EXPECT_EQ(set.images[0].name, "9");
  EXPECT_EQ(set.images[0].size.height, 30);
  ASSERT_EQ(set.images[0].objects.size(), 2U);
  EXPECT_TRUE(set.images[0].objects[0].crowd);
  EXPECT_FALSE(set.images[0].objects[1].crowd);
}

TEST_F(CocoTest, LeavesOutWhatSharesAnId) {
  write("all.json",
        "{\"images\": [{\"id\": 9, \"file_name\": \"a.jpg\", \"width\": 40, "
        "\"height\": 30}, {\"id\": 9, \"file_name\": \"b.jpg\", \"width\": 40, "
        "\"height\": 30}, {\"id\": 4, \"file_name\": \"b.jpg\", \"width\": 40, "
        "\"height\": 30}, {\"id\": 5, \"file_name\": \"b.jpg\", \"height\": "
        "30}], \"annotations\": ["
        "{\"image_id\": 9, \"category_id\": 7, \"bbox\": [1, 1, 2, 2]}, "
        "{\"image_id\": 5, \"category_id\": 7, \"bbox\": [1, 1, 2, 2]}, "
        "{\"image_id\": 4, \"category_id\": 7, \"bbox\": [1, 1, 2, 2]}], "
        "\"categories\": [{\"id\": 7, \"name\": \"cat\"}]}");
  EXPECT_EQ(
      read_error(),
      "read_coco: an image must have an id of its own, got \"a.jpg\" with "
      "that of another" +
          in("image 9") + "; remove one");
  AnnotationOptions options;
  options.faults = Faults::kSkip;
  const auto set = read(options);
  ASSERT_EQ(set.images.size(), 1U);
  EXPECT_EQ(set.images[0].name, "4");
  EXPECT_EQ(set.images[0].objects.size(), 1U);
  EXPECT_EQ(set.skipped,
            (std::map<std::string, std::int64_t>{
                {"an image must have an id of its own", 2},
                {"an image must have id, file_name, width and height", 1}}));
}

TEST_F(CocoTest, NamesACategoryThatIsWrong) {
  const auto error_of_categories = [&](const std::string& categories) {
    write("all.json",
          c10::str("{", kCocoImages, "\"categories\": [", categories, "]}"));
    return read_error();
  };
  EXPECT_EQ(
      error_of_categories("{\"id\": 7, \"name\": \"cat\"}, {\"id\": 7, "
                          "\"name\": \"dog\"}"),
      "read_coco: a category must have an id of its own, got \"cat\" with "
      "that of another" +
          in("category 7") + "; remove one");
  EXPECT_EQ(error_of_categories("{\"id\": 7, \"name\": \"cat\"}, {\"id\": 8, "
                                "\"name\": \"cat\"}"),
            "read_coco: a category must have a name of its own, got \"cat\" "
            "again" +
                in("category 8") +
                "; rename one, or give its annotations to the other");
  EXPECT_EQ(error_of_categories("{\"id\": 7, \"name\": \"a\\ncat\"}"),
            "read_coco: the name of a category must be one line, got "
            "\"a\\x0acat\"" +
                in("category 7") + "; rename it");
}

TEST_F(CocoTest, NamesAnImageThatIsWrong) {
  const auto error_of_image = [&](const std::string& fields) {
    write("all.json",
          c10::str("{\"images\": [\n{", fields, "}],\n", kCocoCategories, "}"));
    return read_error();
  };
  EXPECT_EQ(error_of_image("\"id\": 1, \"file_name\": \"c.jpg\", \"width\": 1, "
                           "\"height\": 1"),
            "read_coco: an annotation must have its image, got \"1\"" +
                in("image 1") + ", no \"" + path("images/c.jpg") +
                "\"; add the file or remove the annotation");
  EXPECT_EQ(
      error_of_image("\"id\": 1, \"file_name\": \"a.jpg\", \"width\": "
                     "30, \"height\": 40"),
      "read_coco: an annotation must have the size of its image, got 30 "
      "x 40" +
          in("image 1") + ", and 40 x 30 in \"" + path("images/a.jpg") +
          "\"; correct the annotation, which counts in pixels as they are "
          "stored, before an EXIF orientation turns them");
  EXPECT_EQ(error_of_image("\"id\": 1, \"file_name\": \"a.jpg\""),
            "read_coco: an image must have id, file_name, width and height, "
            "got no width" +
                in("image 1") + "; complete or correct it");
  EXPECT_EQ(error_of_image("\"file_name\": \"a.jpg\", \"id\": \"x1\""),
            "read_coco: an image must have id, file_name, width and height, "
            "got id \"x1\"" +
                in("image number 1") + "; complete or correct it");
  EXPECT_EQ(error_of_image("\"id\": 1, \"file_name\": \"a.jpg\", \"width\": "
                           "0, \"height\": 4"),
            "read_coco: an image must have id, file_name, width and height, "
            "got a size of 0 x 4" +
                in("image 1") + "; complete or correct it");
}

TEST_F(CocoTest, NamesAFileThatIsWrong) {
  write("all.json", "{\"images\": [\n{\"id\": 1,,");
  EXPECT_EQ(read_error(),
            "read_coco: instances must be JSON in UTF-8, got a mistake "
            "in line 2, at byte 23, of \"" +
                path("all.json") + "\"; fetch the file again");
  write("all.json", "{\n\"images\": [{\"id\": 1e400}]}");
  EXPECT_EQ(read_error(),
            "read_coco: instances must be JSON in UTF-8, got a mistake "
            "in line 2, at byte 26, of \"" +
                path("all.json") + "\"; fetch the file again");
  write("all.json", "[]");
  EXPECT_EQ(read_error(),
            "read_coco: instances must hold an array images, got none in \"" +
                path("all.json") +
                "\"; give a file like instances_val2017.json");
  std::filesystem::remove(path("all.json"));
  EXPECT_EQ(read_error(), "cannot open \"" + path("all.json") +
                              "\": No such file or directory");
}

TEST_F(CocoTest, SkipsAndCountsFaults) {
  std::filesystem::remove(path("images/b.jpg"));
  write_annotations(
      "{\"image_id\": 4, \"category_id\": 7, \"bbox\": [1, 1, 2, 2]},\n"
      "{\"image_id\": 9, \"category_id\": 7, \"bbox\": [1, 1, 2, 2]},\n"
      "{\"image_id\": 9, \"category_id\": 7, \"bbox\": [1, 1, 0, 2]},\n"
      "{\"image_id\": 8, \"category_id\": 7, \"bbox\": [1, 1, 2, 2]}");
  AnnotationOptions options;
  options.faults = Faults::kSkip;
  const auto set = read(options);
  ASSERT_EQ(set.images.size(), 1U);
  EXPECT_EQ(set.images[0].objects.size(), 1U);
  EXPECT_EQ(set.skipped,
            (std::map<std::string, std::int64_t>{
                {"a box must have an area", 1},
                {"an annotation must be of an image in the file", 1},
                {"an annotation must have its image", 1}}));
}

}  // namespace
}  // namespace expandnet::data
