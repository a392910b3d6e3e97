// image_folder.h: lists images and their classes, in folders such as
// ImageNet's.
#pragma once

#include <expandnet/base/export.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace expandnet::data {

struct LabelledFile {
  std::string path;
  std::int64_t label = 0;  ///< index of its class
};

/// Files that have not been read yet.
struct ImageFolder {
  std::string folder;
  std::vector<std::string> classes;  ///< sorted by bytes
  std::vector<LabelledFile> files;   ///< sorted by class, then name
  /// Number of files that were left out: files that are not images, by their
  /// extension (".webp"); links that lead nowhere or to folders; and images
  /// that have no class or are not in the list.
  std::map<std::string, std::int64_t> passed_over = {};
};

/// Lists the images in and below `folder/<class>`: files whose names end in
/// .jpeg, .jpg, .jpe, .jfif or .png, in lower or upper case. Other files are
/// counted, except hidden files and folders, whose names start with a dot.
/// Links to images and to classes are followed; links to folders within a class
/// are not.
///
/// Throws `std::runtime_error` if the folder does not exist or has no class
/// folders, or if a class has no image.
///
///     const auto training = scan_image_folder("imagenet/train");
[[nodiscard]] EXPANDNET_API ImageFolder
scan_image_folder(const std::string& folder);

/// Lists the images in or below `folder` whose classes the file `list` gives. A
/// line names an image by its path relative to `folder`, or by its file name if
/// that is unique. The format of `list` is lines of "file,class" or "file
/// class", Tiny-ImageNet's val_annotations.txt, or Kaggle's
/// LOC_val_solution.csv for ImageNet. All lines give a class by its name in
/// `classes`, the training classes, or all give its index there, from 0. A
/// first line "file,name" or "file,place" states which; it is required if both
/// are possible and differ. Files keep the order of the lines; files that no
/// line names are left out.
///
/// Throws `std::runtime_error` if the folder or the list cannot be read or the
/// list has no line; and for a line that is malformed, names a file that is
/// missing or was named before, or gives a class that is not in `classes`.
[[nodiscard]] EXPANDNET_API ImageFolder
scan_flat_folder(const std::string& folder, const std::string& list,
                 const std::vector<std::string>& classes);

/// Describes `passed_over` for a log, "" if it is empty:
/// `passed over in "train": 3 ".webp", 1 without ending`.
[[nodiscard]] EXPANDNET_API std::string passed_over_in_words(
    const ImageFolder& folder);

/// Throws `std::runtime_error`, which names the first differing class, unless
/// both have the same classes.
EXPANDNET_API void check_same_classes(const ImageFolder& training,
                                      const ImageFolder& validation);

}  // namespace expandnet::data
