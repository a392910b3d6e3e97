// voc_list.h: the lists of VOC, and the images that they name.
#pragma once

#include <string>
#include <vector>

#include "data/sets/annotation_checks.h"

namespace expandnet::data {

struct ListedName {
  std::string name;
  FileLine line;
};

/// The names in a list, one a line; empty lines are passed over.
///
/// Throws `std::runtime_error` for a list that cannot be read or names an image
/// twice, and a line that is more than a name; `where` begins the message.
[[nodiscard]] std::vector<ListedName> read_voc_list(const std::string& where,
                                                    const std::string& list);

/// Whether a file with this ending is JPEG or PNG: ".jpg", ".PNG" ...
[[nodiscard]] bool is_image_ending(const std::string& ending);

/// The path of the image of that name, "" if there is none.
[[nodiscard]] std::string image_named(const std::string& folder,
                                      const std::string& name);

}  // namespace expandnet::data
