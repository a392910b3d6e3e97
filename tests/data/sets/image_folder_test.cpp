#include <c10/util/StringUtil.h>
#include <expandnet/data/sets/image_folder.h>

#include <filesystem>

#include "data/sets/files.h"

namespace expandnet::data {
namespace {

class ImageFolderTest : public FilesTest {
 protected:
  [[nodiscard]] std::string scan_error() const {
    return message_of([&] { static_cast<void>(scan_image_folder(folder_)); });
  }
  /// What is said of a list with these lines.
  [[nodiscard]] std::string list_error(const std::string& lines) const {
    write("list.csv", lines);
    return message_of([&] {
      static_cast<void>(
          scan_flat_folder(path("val"), path("list.csv"), {"cat", "dog"}));
    });
  }
};

/// "path label" of each file.
std::vector<std::string> lines_of(const ImageFolder& folder) {
  std::vector<std::string> lines;
  for (const auto& [path, label] : folder.files) {
    lines.push_back(path + " " + std::to_string(label));
  }
  return lines;
}

TEST_F(ImageFolderTest, ListsClassesAndImagesInOrder) {
  for (const auto& name : {"n02/b.JPEG", "n02/a.jpg", "n01/z.png", "n01/y.JPG",
                           "n01/x.jpeg", "n10/1.JPEG", "n10/notes.txt",
                           "n10/inside/2.JPEG", "n10/jpg", "list.csv"}) {
    write(name, "");
  }

  const auto found = scan_image_folder(folder_);

  EXPECT_EQ(found.folder, folder_);
  EXPECT_EQ(found.classes, (std::vector<std::string>{"n01", "n02", "n10"}));
  EXPECT_EQ(lines_of(found),
            (std::vector<std::string>{
                path("n01/x.jpeg") + " 0", path("n01/y.JPG") + " 0",
                path("n01/z.png") + " 0", path("n02/a.jpg") + " 1",
                path("n02/b.JPEG") + " 1", path("n10/1.JPEG") + " 2"}));
}

TEST_F(ImageFolderTest, NamesAFolderThatIsMissingOrHasNoClass) {
  write("image.jpg", "");
  EXPECT_EQ(scan_error(),
            "scan_image_folder: each class must have a folder, got none in \"" +
                folder_ +
                "\"; name the folder that holds those of the classes");
  std::filesystem::remove_all(folder_);
  EXPECT_EQ(scan_error(),
            "cannot list \"" + folder_ + "\": No such file or directory");
}

TEST_F(ImageFolderTest, NamesAClassWithoutImages) {
  write("cat/1.jpg", "");
  write("dog/1.txt", "");
  EXPECT_EQ(scan_error(),
            "scan_image_folder: each class must have an image (.jpeg, .jpg or "
            ".png), got none in \"" +
                path("dog") + "\"; fill the folder or remove it");
}

TEST_F(ImageFolderTest, ListsAFlatFolderAsItsListSays) {
  for (const auto& name : {"val/1.JPEG", "val/2.JPEG", "val/3.JPEG"}) {
    write(name, "");
  }
  write("list.csv", "file,class\r\n3.JPEG,cat\r\n1.JPEG,dog\r\n\r\n");

  const auto found =
      scan_flat_folder(path("val"), path("list.csv"), {"cat", "cow", "dog"});

  EXPECT_EQ(found.classes, (std::vector<std::string>{"cat", "cow", "dog"}));
  EXPECT_EQ(lines_of(found),
            (std::vector<std::string>{path("val/3.JPEG") + " 0",
                                      path("val/1.JPEG") + " 2"}));
}

TEST_F(ImageFolderTest, ListsAFlatFolderAsTheListsOfImageNetSay) {
  for (const auto& name : {"val/1.JPEG", "val/2.JPEG"}) write(name, "");
  const auto found = [&](const std::string& list) {
    write("list.csv", list);
    // A place stands for its class, unless a class has that name.
    return lines_of(scan_flat_folder(path("val"), path("list.csv"),
                                     {"n01440764", "3", "n03995372", "n09"}));
  };
  const std::vector<std::string> expected = {path("val/2.JPEG") + " 2",
                                             path("val/1.JPEG") + " 0"};

  EXPECT_EQ(found("2.JPEG 2\n1.JPEG\t0\n"), expected);  // Caffe's val.txt
  EXPECT_EQ(found("ImageId,PredictionString\n"
                  "2,n03995372 85 1 499 272 n03995372 131 0 499 254 \n"
                  "1,n01440764 52 85 402 177 \n"),
            expected);
  EXPECT_EQ(found("1.JPEG 3"),
            (std::vector<std::string>{path("val/1.JPEG") + " 1"}));
}

TEST_F(ImageFolderTest, NamesTheLineOfAListThatIsWrong) {
  write("val/1.JPEG", "");
  const auto end = " of \"" + path("list.csv") + "\"; ";
  for (const std::string line : {"1.JPEG", "490", "1.JPEG,dog,2", "1.JPEG,,dog",
                                 "1.JPEG,", ",dog", "1.JPEG dog 2", " dog"}) {
    EXPECT_EQ(list_error("file,class\n" + line + "\n"),
              c10::str("scan_flat_folder: a line must be file,class or file "
                       "class, got \"",
                       line, "\" in line 2", end, "correct it"));
  }
  EXPECT_EQ(list_error("../list.csv,dog\n"),
            "scan_flat_folder: each image named must be in \"" + path("val") +
                "\", got \"../list.csv\" in line 1" + end +
                "add the file or remove the line");
  EXPECT_EQ(list_error("1.JPEG,dog\n1.JPEG,cat\n"),
            "scan_flat_folder: an image must be named once, got "
            "\"1.JPEG\" in line 2" +
                end + "remove a line");
  EXPECT_EQ(list_error("1.JPEG,cow\n"),
            "scan_flat_folder: each class must be one of training's, got "
            "\"cow\" in line 1" +
                end + "correct the list, or train on that class");
  EXPECT_EQ(list_error("file,class\n"),
            "scan_flat_folder: the list must name an image, got none in \"" +
                path("list.csv") + "\"; write lines of file,class");
}

TEST_F(ImageFolderTest, NamesAListOrFlatFolderThatIsMissing) {
  EXPECT_EQ(list_error(""),
            "cannot list \"" + path("val") + "\": No such file or directory");
  EXPECT_EQ(message_of([&] {
              static_cast<void>(scan_flat_folder(folder_, path("none"), {}));
            }),
            "cannot open \"" + path("none") + "\": No such file or directory");
  EXPECT_EQ(message_of([&] {
              static_cast<void>(scan_flat_folder(folder_, folder_, {}));
            }),
            "cannot read \"" + folder_ + "\": Is a directory");
}

TEST(ImageFolderClasses, MustBeTheSame) {
  const auto error = [](const ImageFolder& a, const ImageFolder& b) {
    return message_of([&] { check_same_classes(a, b); });
  };
  const ImageFolder training = {"train", {"a", "b", "c"}, {}};
  EXPECT_EQ(error(training, {"val", {"a", "b", "c"}, {}}), "");
  EXPECT_EQ(error(training, {"val", {"b", "d"}, {}}),
            "check_same_classes: training and validation must have the same "
            "classes, got a, c in \"train\" only and d in \"val\" only; "
            "complete the folders or name others");
  EXPECT_EQ(error({"train", {"1", "2", "3", "4", "5", "6", "7"}, {}},
                  {"val", {}, {}}),
            "check_same_classes: training and validation must have the same "
            "classes, got 1, 2, 3, 4, 5 and 2 more in \"train\" only; "
            "complete the folders or name others");
}

}  // namespace
}  // namespace expandnet::data
