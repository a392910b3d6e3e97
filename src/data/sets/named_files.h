// named_files.h: the files of a folder by their names, and in pairs.
#pragma once

#include <expandnet/base/export.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace expandnet::data {

/// Whether a file with this ending is JPEG or PNG: ".jpg", ".PNG", ".Jfif" ...
[[nodiscard]] EXPANDNET_API bool is_image_ending(const std::string& ending);

/// The paths of the files in a folder, sorted. Hidden files and folders are
/// passed over. Throws `std::runtime_error` where it cannot be listed.
[[nodiscard]] EXPANDNET_API std::vector<std::string> files_in(
    const std::string& folder);

/// The name by which a path is found; "" for a file of another kind.
using NameOf = std::function<std::string(const std::string& path)>;

/// The names of images: files without their ending.
[[nodiscard]] EXPANDNET_API std::string name_of_image(const std::string& path);
/// Names without `ending`, in capitals or not: ".png".
[[nodiscard]] EXPANDNET_API NameOf names_without(const std::string& ending);

/// Paths by their names.
using NamedFiles = std::map<std::string, std::string>;

/// The files of a folder that `name_of` gives names to.
///
/// Throws `std::runtime_error`, which `where` begins, for two files of a name;
/// `kind` says what they are: "images".
[[nodiscard]] EXPANDNET_API NamedFiles files_by_name(const std::string& where,
                                                     const std::string& kind,
                                                     const std::string& folder,
                                                     const NameOf& name_of);

/// Two files of one name; "" where one is missing.
struct FilePair {
  std::string name;
  std::string first;
  std::string second;
};

/// Each name of the two, sorted.
[[nodiscard]] EXPANDNET_API std::vector<FilePair> pair_files(
    const NamedFiles& first, const NamedFiles& second);

/// The images of a folder, which lists name without their ending.
class EXPANDNET_API ListedImages {
 public:
  /// A folder that is not there has no images. Throws as `files_in` does.
  ListedImages(std::string where, const std::string& folder);

  /// The path of the image, "" if there is none. Throws `std::runtime_error`
  /// where there are two.
  [[nodiscard]] std::string find(const std::string& name) const;

 private:
  std::string where_;
  std::map<std::string, std::vector<std::string>> paths_;  ///< by names
};

}  // namespace expandnet::data
