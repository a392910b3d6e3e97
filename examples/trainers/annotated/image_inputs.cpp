#include "trainers/annotated/image_inputs.h"

#include <c10/util/Exception.h>
#include <expandnet/data/images/image_file.h>
#include <fmt/format.h>

#include <iostream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "command_line/checks.h"
#include "data/sets/named_files.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;

/// The path without links and dots, as far as there is something at it.
std::string place_on_disk(const fs::path& path) {
  std::error_code error;
  const auto place = fs::weakly_canonical(path, error);
  return error ? path.string() : place.string();
}

}  // namespace

std::vector<std::string> images_of(const std::vector<std::string>& inputs) {
  std::vector<std::string> images;
  for (const auto& input : inputs) {
    if (!fs::is_directory(input)) {
      images.push_back(input);
      continue;
    }
    const auto before = images.size();
    for (auto& path : data::files_in(input)) {
      if (!data::name_of_image(path).empty()) images.push_back(std::move(path));
    }
    TORCH_CHECK(images.size() > before,
                error_message("predict", "a folder must hold JPEG or PNG files",
                              "none in " + in_quotes(input)));
  }
  return images;
}

bool can_be_decoded(const std::string& path, data::Faults faults) {
  try {
    const data::ImageFile file(path);
    const auto [height, width] = file.size();
    static_cast<void>(file.decode({0, 0, height, width}, file.size()));
    return true;
  } catch (const std::runtime_error& error) {
    if (faults == data::Faults::kStop) throw;
    std::cerr << "note: left out: " << error.what() << "\n";
    return false;
  }
}

void add_image_choice(CLI::App& app, ImageChoice& choice,
                      const std::vector<std::string>& sets,
                      const std::string& meant) {
  auto* images =
      app.add_option("images", choice.inputs, "JPEG and PNG files, or folders");
  auto* set =
      app.add_option("--set", choice.set,
                     fmt::format("images of the run's own data instead, with "
                                 "the {} that are meant: training, validation "
                                 "or test",
                                 meant))
          ->check(CLI::IsMember(sets))
          ->excludes(images);
  app.add_option("--count", choice.count, "how many of --set")
      ->check(positive())
      ->needs(set);
}

void check_image_choice(const ImageChoice& choice) {
  if (choice.set.empty() && choice.inputs.empty()) {
    throw CLI::ValidationError("images", "must be named, or --set, got none");
  }
}

std::string picture_name(const std::string& path, std::set<std::string>& used) {
  const auto stem = fs::path(path).stem().string();
  auto name = stem + ".png";
  for (int number = 2; !used.insert(name).second; ++number) {
    name = fmt::format("{}-{}.png", stem, number);
  }
  return name;
}

void check_replaces_none(const std::vector<std::string>& read,
                         const std::vector<fs::path>& written) {
  std::set<std::string> places;
  for (const auto& path : read) places.insert(place_on_disk(path));
  for (const auto& path : written) {
    TORCH_CHECK(places.count(place_on_disk(path)) == 0,
                error_message("--out",
                              "what is written must not replace an image that "
                              "is read",
                              in_quotes(path.string()), "name another folder"));
  }
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw_system_error("make", folder.string(), error.value());
}

}  // namespace expandnet::examples
