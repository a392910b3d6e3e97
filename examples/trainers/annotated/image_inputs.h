// image_inputs.h: images that a command line names, and names for what is made
// of them.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace expandnet::examples {

/// The files that are named, and of folders those that end in .jpg, .jpeg or
/// .png, sorted. Throws `c10::Error` for a folder without.
[[nodiscard]] std::vector<std::string> images_of(
    const std::vector<std::string>& inputs);

/// A name for the PNG that is made of an image, which no other has.
[[nodiscard]] std::string picture_name(const std::string& path,
                                       std::set<std::string>& used);

}  // namespace expandnet::examples
