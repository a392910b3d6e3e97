#include "trainers/annotated/image_inputs.h"

#include <c10/util/Exception.h>
#include <expandnet/data/images/image_file.h>
#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "command_line/checks.h"
#include "data/sets/named_files.h"
#include "trainers/annotated/place_on_disk.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;

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

void decode_whole(const std::string& path) {
  const data::ImageFile file(path);
  const auto [height, width] = file.size();
  static_cast<void>(file.decode({0, 0, height, width}, file.size()));
}

void check_some_are_left(std::size_t left, std::size_t asked) {
  TORCH_CHECK(
      left > 0,
      error_message("predict", "there must be an image without faults",
                    fmt::format("none of {}", asked), "correct one of them"));
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

void check_is_of_predictions(const fs::path& out,
                             const std::vector<std::string>& earlier,
                             const std::vector<std::string>& marks) {
  const auto is_in_out = [&](const std::string& name) {
    return fs::exists(out / name);
  };
  const auto found = std::find_if(earlier.begin(), earlier.end(), is_in_out);
  if (found == earlier.end()) return;
  const auto missing = std::find_if_not(marks.begin(), marks.end(), is_in_out);
  TORCH_CHECK(
      missing == marks.end(),
      error_message("--out",
                    "what is written must replace nothing but earlier "
                    "predictions",
                    in_quotes((out / *found).string()) + " without " + *missing,
                    "name another folder"));
}

void check_replaces_none(const std::vector<std::string>& read,
                         const std::vector<fs::path>& written) {
  std::set<std::string> places;
  for (const auto& path : read) places.insert(place_on_disk(path));
  for (const auto& path : written) {
    TORCH_CHECK(places.count(place_on_disk(path.string())) == 0,
                error_message("--out",
                              "what is written must not replace a file that "
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
