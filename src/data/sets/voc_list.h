// voc_list.h: the image lists of VOC, and the images that they name.
#pragma once

#include <string>
#include <vector>

#include "data/sets/annotation_checks.h"

namespace expandnet::data {

struct ListedName {
  std::string name;
  FileLine line;
};

/// Reads the names in a list, one per line; empty lines are skipped.
///
/// Throws `std::runtime_error` for a list that cannot be read or names an image
/// twice, and for a line with more than a name; `where` begins the message.
[[nodiscard]] std::vector<ListedName> read_voc_list(const std::string& where,
                                                    const std::string& list);

/// Whether a file with this ending is JPEG or PNG: ".jpg", ".PNG" ...
[[nodiscard]] bool is_image_ending(const std::string& ending);

/// Returns the path of the image with this name, "" if there is none.
[[nodiscard]] std::string image_named(const std::string& folder,
                                      const std::string& name);

}  // namespace expandnet::data
