#include <expandnet/data/sets/image_folder.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>

#include "base/error.h"
#include "base/text.h"
#include "data/sets/image_list.h"

namespace expandnet::data {

namespace {

constexpr std::size_t kClassesNamed = 5;  // in a message

bool is_image_name(const std::filesystem::path& name) {
  auto extension = name.extension().string();
  for (auto& letter : extension) {
    letter =
        static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return extension == ".jpeg" || extension == ".jpg" || extension == ".png";
}

/// The names, sorted, of the entries that `wanted` accepts.
template <typename Wanted>
std::vector<std::string> list_names(const std::filesystem::path& folder,
                                    const Wanted& wanted) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator();
       entry.increment(error)) {
    if (wanted(*entry)) names.push_back(entry->path().filename().string());
  }
  if (error) throw_system_error("list", folder.string(), error.value());
  std::sort(names.begin(), names.end());
  return names;
}

bool is_image_entry(const std::filesystem::directory_entry& entry) {
  std::error_code ignored;
  return is_image_name(entry.path()) && entry.is_regular_file(ignored);
}

/// "n01, n02 and 3 more".
std::string some_names(const std::vector<std::string>& names) {
  std::string text;
  const auto shown = std::min(names.size(), kClassesNamed);
  for (std::size_t i = 0; i < shown; ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > shown) {
    text += " and " + std::to_string(names.size() - shown) + " more";
  }
  return text;
}

/// The classes of `some` that are not in `others`.
std::vector<std::string> missing_classes(const ImageFolder& some,
                                         const ImageFolder& others) {
  std::vector<std::string> missing;
  std::set_difference(some.classes.begin(), some.classes.end(),
                      others.classes.begin(), others.classes.end(),
                      std::back_inserter(missing));
  return missing;
}

}  // namespace

ImageFolder scan_image_folder(const std::string& folder) {
  const std::string where = "scan_image_folder";
  ImageFolder found = {folder, {}, {}};
  found.classes =
      list_names(folder, [](const std::filesystem::directory_entry& entry) {
        std::error_code ignored;
        return entry.is_directory(ignored);
      });
  if (found.classes.empty()) {
    throw_file_error(where, "each class must have a folder",
                     "none in " + in_quotes(folder),
                     "name the folder that holds those of the classes");
  }
  for (std::size_t label = 0; label < found.classes.size(); ++label) {
    const auto path = std::filesystem::path(folder) / found.classes[label];
    const auto names = list_names(path, is_image_entry);
    if (names.empty()) {
      throw_file_error(where,
                       "each class must have an image (.jpeg, .jpg or .png)",
                       "none in " + in_quotes(path.string()),
                       "fill the folder or remove it");
    }
    for (const auto& name : names) {
      found.files.push_back(
          {(path / name).string(), static_cast<std::int64_t>(label)});
    }
  }
  return found;
}

ImageFolder scan_flat_folder(const std::string& folder, const std::string& list,
                             const std::vector<std::string>& classes) {
  const std::string where = "scan_flat_folder";
  ImageFolder found = {folder, classes, {}};
  const auto names = list_names(folder, is_image_entry);

  errno = 0;
  std::ifstream stream(list);
  if (!stream) throw_system_error("open", list, errno);
  std::set<std::string> named;
  const auto listed = read_image_list(where, list, stream);
  for (const auto& image : listed.images) {
    const auto in_line = [&](const std::string& text) {
      return in_line_of_list(text, image.line, list);
    };
    if (!std::binary_search(names.begin(), names.end(), image.name)) {
      throw_file_error(where,
                       "each image named must be in " + in_quotes(folder),
                       in_line(image.name), "add the file or remove the line");
    }
    if (!named.insert(image.name).second) {
      throw_file_error(where, "an image must be named once",
                       in_line(image.name), "remove a line");
    }
    found.files.push_back(
        {(std::filesystem::path(folder) / image.name).string(), 0});
  }
  if (found.files.empty()) {
    throw_file_error(where, "the list must name an image",
                     "none in " + in_quotes(list), "write lines of file,class");
  }
  const auto labels = labels_of(listed, classes, where, list);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    found.files[i].label = labels[i];
  }
  return found;
}

void check_same_classes(const ImageFolder& training,
                        const ImageFolder& validation) {
  std::string differences;
  const auto add = [&](const ImageFolder& some, const ImageFolder& others) {
    const auto missing = missing_classes(some, others);
    if (missing.empty()) return;
    differences += (differences.empty() ? "" : " and ") + some_names(missing) +
                   " in " + in_quotes(some.folder) + " only";
  };
  add(training, validation);
  add(validation, training);
  if (differences.empty()) return;
  throw_file_error("check_same_classes",
                   "training and validation must have the same classes",
                   differences, "complete the folders or name others");
}

}  // namespace expandnet::data
