// image_inputs.h: images that a command line names, and files that are made of
// them.
#pragma once

#include <expandnet/data/sets/annotation_options.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace expandnet::examples {

/// The files that are named, and of folders those that end as JPEG and PNG
/// files do, sorted; hidden files and folders within are passed over. Throws
/// `c10::Error` for a folder without.
[[nodiscard]] std::vector<std::string> images_of(
    const std::vector<std::string>& inputs);

/// Whether an image decodes as a whole. Throws `std::runtime_error` where it
/// does not, unless faults are skipped: then stderr tells why.
[[nodiscard]] bool can_be_decoded(const std::string& path, data::Faults faults);

/// A name for the PNG that is made of an image, which no other has.
[[nodiscard]] std::string picture_name(const std::string& path,
                                       std::set<std::string>& used);

/// Throws `c10::Error` where a file that is to be written is one of those that
/// are read.
void check_replaces_none(const std::vector<std::string>& read,
                         const std::vector<std::filesystem::path>& written);

/// Makes a folder and those above it where they are missing. Throws
/// `std::runtime_error`.
void make_folder(const std::filesystem::path& folder);

}  // namespace expandnet::examples
