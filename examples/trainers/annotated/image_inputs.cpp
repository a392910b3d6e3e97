#include "trainers/annotated/image_inputs.h"

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "base/error.h"

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

std::string picture_name(const std::string& path, std::set<std::string>& used) {
  const auto stem = fs::path(path).stem().string();
  auto name = stem + ".png";
  for (int number = 2; !used.insert(name).second; ++number) {
    name = fmt::format("{}-{}.png", stem, number);
  }
  return name;
}

}  // namespace expandnet::examples
