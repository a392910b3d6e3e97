// voc_years.h: the folders of VOC's years.
#pragma once

#include <string>
#include <vector>

namespace expandnet::data {

/// Returns `root` if it has all `folders`; else VOC2007 and the like that have
/// them, in `root` or in its VOCdevkit, sorted.
///
/// Throws `std::runtime_error`, which `where` begins, if there is none.
[[nodiscard]] std::vector<std::string> find_voc_years(
    const std::string& where, const std::string& root,
    const std::vector<std::string>& folders);

}  // namespace expandnet::data
