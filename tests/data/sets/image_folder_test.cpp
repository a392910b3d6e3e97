#include <c10/util/StringUtil.h>
#include <expandnet/data/sets/image_folder.h>

#include <filesystem>

#include "base/text.h"
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
  for (const auto& name :
       {"n02/b.JPEG", "n02/a.jpg", "n01/z.png", "n01/y.JPG", "n01/x.jpeg",
        "n01/w.JPE", "n01/v.jfif", "n10/1.JPEG", "n10/notes.txt", "n10/jpg",
        "list.csv"}) {
    write(name, "");
  }

  const auto found = scan_image_folder(folder_);

  EXPECT_EQ(found.folder, folder_);
  EXPECT_EQ(found.classes, (std::vector<std::string>{"n01", "n02", "n10"}));
  EXPECT_EQ(lines_of(found),
            (std::vector<std::string>{
                path("n01/v.jfif") + " 0", path("n01/w.JPE") + " 0",
                path("n01/x.jpeg") + " 0", path("n01/y.JPG") + " 0",
                path("n01/z.png") + " 0", path("n02/a.jpg") + " 1",
                path("n02/b.JPEG") + " 1", path("n10/1.JPEG") + " 2"}));
}

TEST_F(ImageFolderTest, ListsImagesAnywhereBelowAClass) {
  for (const auto& name : {"n02/images/b.JPEG", "n01/images/z.JPEG",
                           "n01/a/b/c.png", "n01/z.jpg", "n01/n01_boxes.txt"}) {
    write(name, "");
  }
  std::filesystem::create_directory_symlink(folder_, path("n01/up"));

  const auto found = scan_image_folder(folder_);

  EXPECT_EQ(lines_of(found),
            (std::vector<std::string>{
                path("n01/a/b/c.png") + " 0", path("n01/images/z.JPEG") + " 0",
                path("n01/z.jpg") + " 0", path("n02/images/b.JPEG") + " 1"}));
  EXPECT_EQ(
      passed_over_in_words(found),
      "passed over in \"" + folder_ + "\": 1 \".txt\", 1 links to folders");
}

TEST_F(ImageFolderTest, CountsWhatItPassesOver) {
  for (const auto& name :
       {"cat/1.jpg", "dog/1.jpg", "cat/2.webp", "cat/3.WEBP", "dog/in/4.webp",
        "cat/5.bmp", "dog/6", "dog/7.\x1b[1m"}) {
    write(name, "");
  }
  std::filesystem::create_symlink("/nowhere", path("dog/8.jpg"));
  std::filesystem::create_symlink("/nowhere", path("cow"));
  std::filesystem::create_symlink(path("cat/1.jpg"), path("dog/9.jpg"));

  const auto found = scan_image_folder(folder_);

  EXPECT_EQ(found.files.size(), 3U);
  EXPECT_EQ(passed_over_in_words(found),
            "passed over in \"" + folder_ +
                "\": 1 without ending, 1 \".\\x1b[1m\", 1 \".bmp\", 3 "
                "\".webp\", 2 links that lead nowhere");
}

TEST_F(ImageFolderTest, CountsWhatStandsBesideTheClasses) {
  for (const auto& name : {"cat/1.jpg", "1.jpg", "2.PNG", "3.webp", ".4.jpg"}) {
    write(name, "");
  }

  EXPECT_EQ(passed_over_in_words(scan_image_folder(folder_)),
            "passed over in \"" + folder_ +
                "\": 1 \".webp\", 2 images outside of the folders of "
                "classes");
}

TEST_F(ImageFolderTest, CountsWhatAListLeavesOut) {
  for (const auto& name :
       {"val/1.jpg", "val/2.jpg", "val/in/3.jpg", "val/4.webp"}) {
    write(name, "");
  }
  write("list.csv", "1.jpg,cat\n");

  EXPECT_EQ(passed_over_in_words(
                scan_flat_folder(path("val"), path("list.csv"), {"cat"})),
            "passed over in \"" + path("val") +
                "\": 1 \".webp\", 2 images that the list leaves out");
  EXPECT_EQ(list_error("4.webp,cat\n"),
            "scan_flat_folder: an image must be a .jpeg, .jpg, .jpe, .jfif or "
            ".png, got \"4.webp\" in line 1 of \"" +
                path("list.csv") + "\"; convert it");
}

TEST_F(ImageFolderTest, ReadsTheListsOfSpreadsheets) {
  for (const auto& name : {"val/a.jpg", "val/b, c.jpg", "val/d\"e.jpg"}) {
    write(name, "");
  }
  const auto found = [&](const std::string& list) {
    write("list.csv", list);
    return lines_of(
        scan_flat_folder(path("val"), path("list.csv"), {"cat", "dog"}));
  };
  const std::vector<std::string> expected = {path("val/a.jpg") + " 0",
                                             path("val/b, c.jpg") + " 1",
                                             path("val/d\"e.jpg") + " 1"};

  EXPECT_EQ(found("\xef\xbb\xbf\"file\",\"class\"\r\n\"a.jpg\",cat\r\n"
                  "\"b, c.jpg\" , \"dog\"\r\n\"d\"\"e.jpg\",dog  \r\n  \r\n"),
            expected);
  EXPECT_EQ(found("\xef\xbb\xbf"
                  "a.jpg cat \n"),
            std::vector<std::string>{expected.front()});
  for (const std::string line : {"\"a.jpg,cat", "\"a.jpg\"x,cat"}) {
    EXPECT_EQ(
        list_error(line + "\n"),
        "scan_flat_folder: a line must be file,class or file class, got " +
            quoted_name(line) + " in line 1 of \"" + path("list.csv") +
            "\"; correct it");
  }
}

TEST_F(ImageFolderTest, SaysNothingOfHiddenFiles) {
  for (const auto& name : {"cat/1.jpg", "cat/.DS_Store", "cat/._1.jpg",
                           ".cache/1.jpg", "cat/.cache/2.jpg"}) {
    write(name, "");
  }

  const auto found = scan_image_folder(folder_);

  EXPECT_EQ(lines_of(found),
            (std::vector<std::string>{path("cat/1.jpg") + " 0"}));
  EXPECT_EQ(passed_over_in_words(found), "");
}

TEST_F(ImageFolderTest, FindsTheImagesOfAListBelowTheFolder) {
  for (const auto& name :
       {"val/images/a.JPEG", "val/one/b.JPEG", "val/two/b.JPEG"}) {
    write(name, "");
  }
  write("list.csv", "a.JPEG,dog\ntwo/b.JPEG,cat\n");

  const auto found =
      scan_flat_folder(path("val"), path("list.csv"), {"cat", "dog"});

  EXPECT_EQ(lines_of(found),
            (std::vector<std::string>{path("val/images/a.JPEG") + " 1",
                                      path("val/two/b.JPEG") + " 0"}));
  EXPECT_EQ(list_error("a.JPEG,dog\nb.JPEG,cat\n"),
            "scan_flat_folder: the name of an image must be that of one file, "
            "got \"b.JPEG\" in line 2 of \"" +
                path("list.csv") + "\"; write its path from the folder");
  EXPECT_EQ(list_error("a.JPEG,dog\nimages/a.JPEG,cat\n"),
            "scan_flat_folder: an image must be named once, got "
            "\"images/a.JPEG\" in line 2 of \"" +
                path("list.csv") + "\"; remove a line");
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
            "scan_image_folder: each class must have an image (.jpeg, .jpg, "
            ".jpe, .jfif or .png), got none but 1 \".txt\" in \"" +
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
  EXPECT_EQ(found("2.JPEG\tn03995372\t0\t32\t44\t62\n"  // Tiny-ImageNet's
                  "1.JPEG\tn01440764\t5\t4\t3\t210\n"),
            expected);
}

TEST_F(ImageFolderTest, ReadsAWholeListByNamesOrByPlaces) {
  for (const auto& name : {"val/a.jpg", "val/b.jpg", "val/c.jpg"}) {
    write(name, "");
  }
  const auto labels = [&](const std::string& list) {
    write("list.csv", list);
    std::vector<std::int64_t> found;
    const auto folder =
        scan_flat_folder(path("val"), path("list.csv"), {"1", "2", "3"});
    for (const auto& file : folder.files) found.push_back(file.label);
    return found;
  };
  const std::vector<std::int64_t> in_order = {0, 1, 2};

  EXPECT_EQ(labels("a.jpg 0\nb.jpg 1\nc.jpg 2\n"), in_order);
  EXPECT_EQ(labels("a.jpg 1\nb.jpg 2\nc.jpg 3\n"), in_order);
  EXPECT_EQ(labels("file,name\na.jpg,1\nb.jpg,2\n"),
            (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(labels("file,place\r\na.jpg,1\r\nb.jpg,2\r\n"),
            (std::vector<std::int64_t>{1, 2}));
  const auto start = "scan_flat_folder: the classes of a list must ";
  const auto end = " of \"" + path("list.csv") + "\", ";
  EXPECT_EQ(
      message_of([&] { labels("a.jpg 1\nb.jpg 2\n"); }),
      c10::str(start, "be names or places, not both, got \"1\" in line 1", end,
               "a class by its name and another by its place; write "
               "file,name or file,place as the first line"));
  EXPECT_EQ(
      message_of([&] { labels("a.jpg 1\nb.jpg 0\nc.jpg 3\n"); }),
      c10::str(start, "all be names or all be places, got \"0\" in line 2", end,
               "which is no name, and \"3\" in line 3", end,
               "which is no place; write them all in one way"));
  EXPECT_EQ(message_of([&] { labels("file,place\na.jpg,3\n"); }),
            "scan_flat_folder: each class must be one of training's, got "
            "\"3\" in line 2 of \"" +
                path("list.csv") +
                "\"; correct the list, or train on that class");
}

TEST_F(ImageFolderTest, TakesNumbersThatAreNameAndPlaceOfOneClass) {
  write("val/a.jpg", "");
  write("list.csv", "a.jpg 1\n");

  const auto found =
      scan_flat_folder(path("val"), path("list.csv"), {"0", "1", "2"});

  EXPECT_EQ(lines_of(found),
            (std::vector<std::string>{path("val/a.jpg") + " 1"}));
}

TEST_F(ImageFolderTest, EscapesALineThatIsNoText) {
  write("val/1.JPEG", "");

  EXPECT_EQ(list_error("\xff\x01"
                       "1\x02"),
            "scan_flat_folder: a line must be file,class or file class, got "
            "\"\\xff\\x011\\x02\" in line 1 of \"" +
                path("list.csv") + "\"; correct it");
  EXPECT_EQ(list_error(std::string("\xff\xfe"
                                   "1\0",
                                   4)),
            "read_text_lines: a text file must be UTF-8, got UTF-16 in \"" +
                path("list.csv") + "\"; save it as UTF-8");
}

TEST_F(ImageFolderTest, NamesTheLineOfAListThatIsWrong) {
  write("val/1.JPEG", "");
  const auto end = " of \"" + path("list.csv") + "\"; ";
  for (const std::string line :
       {"1.JPEG", "490", "1.JPEG,dog,2", "1.JPEG,,dog", "1.JPEG,", ",dog",
        "1.JPEG dog 2", "dog", "1.JPEG dog 0 1 2 3"}) {
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
  EXPECT_EQ(error({"train", {"\x1b[2J"}, {}}, {"val", {}, {}}),
            "check_same_classes: training and validation must have the same "
            "classes, got \\x1b[2J in \"train\" only; complete the folders or "
            "name others");
}

}  // namespace
}  // namespace expandnet::data
