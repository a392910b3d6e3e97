// voc_list.h: the lists of images of VOC.
#pragma once

#include <string>
#include <vector>

#include "data/sets/text_lines.h"

namespace expandnet::data {

struct ListedName {
  std::string name;
  FileLine line;
};

/// Reads the names in a list, one per line; empty lines are skipped.
///
/// Throws `std::runtime_error` for a list that cannot be read, names no image
/// or one twice, and for a line that is more than a name; `where` begins the
/// message.
[[nodiscard]] std::vector<ListedName> read_voc_list(const std::string& where,
                                                    const std::string& list);

}  // namespace expandnet::data
