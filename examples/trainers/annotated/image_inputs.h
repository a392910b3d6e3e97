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
#include <set>
#include <string>
#include <vector>

#include "base/error.h"

namespace expandnet::examples {

/// The files that are named, and of folders those that end as JPEG and PNG
/// files do, sorted; hidden files and folders within are passed over. Throws
/// `c10::Error` for a folder without.
[[nodiscard]] std::vector<std::string> images_of(
    const std::vector<std::string>& inputs);

/// Whether an image decodes as a whole. Throws `std::runtime_error` where it
/// does not, unless faults are skipped: then stderr tells why.
[[nodiscard]] bool can_be_decoded(const std::string& path, data::Faults faults);

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

/// Throws `c10::Error` where a file that is to be written is one of those that
/// are read.
void check_replaces_none(const std::vector<std::string>& read,
                         const std::vector<std::filesystem::path>& written);

/// Makes a folder and those above it where they are missing. Throws
/// `std::runtime_error`.
void make_folder(const std::filesystem::path& folder);

}  // namespace expandnet::examples
