// image_folder.h: finds the images of a set like ImageNet, and their classes.
#pragma once

#include <cstdint>
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
};

/// Lists `folder`/<class>/<name>, where a name ends in .jpeg, .jpg or .png in
/// lower or upper case. Other files are passed over, and so are folders within
/// a class.
///
/// Throws `std::runtime_error` when there is no such folder, it holds no
/// folder of a class, or a class has no image.
///
///     const auto training = scan_image_folder("imagenet/train");
[[nodiscard]] ImageFolder scan_image_folder(const std::string& folder);

/// Lists `folder`/<name> with the classes that `list` gives: lines of
/// "file,class" or "file class"; Tiny-ImageNet's val_annotations.txt; or
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

/// Throws `std::runtime_error`, with the first of the classes that are in one
/// of the two only, unless both have the same.
void check_same_classes(const ImageFolder& training,
                        const ImageFolder& validation);

}  // namespace expandnet::data
