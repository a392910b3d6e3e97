#include "trainers/annotated/image_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "command_line/checks.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;

bool is_image(const fs::path& path) {
  auto ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char letter) {
                   return static_cast<char>(std::tolower(letter));
                 });
  return ending == ".jpg" || ending == ".jpeg" || ending == ".png";
}

}  // namespace

std::vector<std::string> images_of(const std::vector<std::string>& inputs) {
  std::vector<std::string> images;
  for (const auto& input : inputs) {
    if (!fs::is_directory(input)) {
      images.push_back(input);
      continue;
    }
    std::vector<std::string> in_folder;
    for (const auto& entry : fs::directory_iterator(input)) {
      if (is_image(entry.path())) in_folder.push_back(entry.path().string());
    }
    TORCH_CHECK(!in_folder.empty(),
                error_message("predict", "a folder must hold JPEG or PNG files",
                              "none in \"" + input + "\""));
    std::sort(in_folder.begin(), in_folder.end());
    images.insert(images.end(), in_folder.begin(), in_folder.end());
  }
  return images;
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

}  // namespace expandnet::examples
