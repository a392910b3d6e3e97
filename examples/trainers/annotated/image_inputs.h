// image_inputs.h: images that a command line names, and files that are made of
// them.
#pragma once

#include <c10/util/Exception.h>
#include <expandnet/data/sets/annotation_options.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/error.h"

namespace expandnet::examples {

/// The files that are named, and of folders those that end as JPEG and PNG
/// files do, sorted; hidden files and folders within are passed over. Throws
/// `c10::Error` for a folder without.
[[nodiscard]] std::vector<std::string> images_of(
    const std::vector<std::string>& inputs);

/// Decodes an image as a whole. Throws `std::runtime_error` where that fails.
void decode_whole(const std::string& path);

/// Whether `read` throws no `std::runtime_error`. It may throw unless faults
/// are skipped: then stderr tells why.
template <typename Read>
[[nodiscard]] bool can_be_read(data::Faults faults, const Read& read) {
  try {
    read();
    return true;
  } catch (const std::runtime_error& error) {
    if (faults == data::Faults::kStop) throw;
    std::cerr << "note: left out: " << error.what() << "\n";
    return false;
  }
}

/// Throws `c10::Error` where all images were left out.
void check_some_are_left(std::size_t left, std::size_t asked);

/// The images that `predict` looks at.
struct ImageChoice {
  std::vector<std::string> inputs;  ///< files and folders
  std::string set;                  ///< of the run's data; "": the inputs
  std::int64_t count = 50;          ///< of its images

  /// As many of the set's images as are asked for, at even steps. Throws
  /// `c10::Error` where there are none.
  template <typename Image>
  [[nodiscard]] std::vector<Image> of_set(const std::vector<Image>& all) const {
    TORCH_CHECK(!all.empty(),
                error_message("predict", "--set must name images",
                              "none in the " + set + " set of this run"));
    const auto chosen = std::min(all.size(), static_cast<std::size_t>(count));
    std::vector<Image> images;
    for (std::size_t i = 0; i < chosen; ++i) {
      images.push_back(all[i * all.size() / chosen]);
    }
    return images;
  }
};

/// The images, --set and --count. `sets` are the names of sets, and `meant` is
/// what is known of their images: "boxes".
void add_image_choice(CLI::App& app, ImageChoice& choice,
                      const std::vector<std::string>& sets,
                      const std::string& meant);
/// Throws `CLI::ValidationError` unless images or a set are named.
void check_image_choice(const ImageChoice& choice);

/// A name for the PNG that is made of an image, which no other has.
[[nodiscard]] std::string picture_name(const std::string& path,
                                       std::set<std::string>& used);

/// Throws `c10::Error` where one of `earlier` is in `out`, which belongs to no
/// earlier prediction then: that has all of `marks`.
void check_is_of_predictions(const std::filesystem::path& out,
                             const std::vector<std::string>& earlier,
                             const std::vector<std::string>& marks);

/// Throws `c10::Error` where a file that is to be written is one of those that
/// are read.
void check_replaces_none(const std::vector<std::string>& read,
                         const std::vector<std::filesystem::path>& written);

/// Makes a folder and those above it where they are missing. Throws
/// `std::runtime_error`.
void make_folder(const std::filesystem::path& folder);

}  // namespace expandnet::examples
