// image_folder.h: finds the images of a set like ImageNet, and their classes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace expandnet::data {

struct LabelledFile {
  std::string path;
  std::int64_t label = 0;  ///< the place of its class in the classes
};

/// Files, not read yet.
struct ImageFolder {
  std::string folder;
  std::vector<std::string> classes;  ///< sorted by bytes
  std::vector<LabelledFile> files;   ///< sorted by class, then name
  /// How many files are no images, by ending (".webp"), links that lead nowhere
  /// or to folders, and images without a class or that a list leaves out.
  std::map<std::string, std::int64_t> passed_over = {};
};

/// Lists the images in and below `folder/<class>`: names that end in .jpeg,
/// .jpg, .jpe, .jfif or .png in lower or upper case. Other files are counted;
/// hidden files and folders, whose names start with a dot, are not. Links to
/// images and classes are followed, and those to folders within a class are
/// not.
///
/// Throws `std::runtime_error` when there is no such folder, it holds no
/// folder of a class, or a class has no image.
///
///     const auto training = scan_image_folder("imagenet/train");
[[nodiscard]] ImageFolder scan_image_folder(const std::string& folder);

/// Lists images in or below `folder` with the classes that `list` gives by
/// their paths from there, or by their names if no other file has them: lines
/// of "file,class" or "file class"; Tiny-ImageNet's val_annotations.txt; or
/// ImageNet's LOC_val_solution.csv, as Kaggle has it. All lines give classes by
/// their names in `classes`, those of training, or all give their places there,
/// from 0: a first line "file,name" or "file,place" says which, and must where
/// both are possible and differ. Files keep the order of the lines; those that
/// no line names are left out.
///
/// Throws `std::runtime_error` when the folder or the list cannot be read, a
/// line is malformed, or names a file that is missing or was named before, or
/// a class that is not in `classes`; when there is no line.
[[nodiscard]] ImageFolder scan_flat_folder(
    const std::string& folder, const std::string& list,
    const std::vector<std::string>& classes);

/// `passed over in "train": 3 ".webp", 1 without ending`, for a log; "" if
/// there was nothing.
[[nodiscard]] std::string passed_over_in_words(const ImageFolder& folder);

/// Throws `std::runtime_error`, with the first of the classes that are in one
/// of the two only, unless both have the same.
void check_same_classes(const ImageFolder& training,
                        const ImageFolder& validation);

}  // namespace expandnet::data
