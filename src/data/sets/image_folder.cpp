#include <expandnet/data/sets/image_folder.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "data/sets/image_list.h"
#include "data/sets/named_files.h"

namespace expandnet::data {

namespace {

constexpr std::size_t kClassesNamed = 5;  // in a message
// Keys of what is passed over that are no endings.
constexpr const char* kBrokenLink = "links that lead nowhere";
constexpr const char* kFolderLink = "links to folders";
constexpr const char* kOutside = "images outside of the folders of classes";
constexpr const char* kNotListed = "images that the list leaves out";

std::string lower_extension(const std::filesystem::path& name) {
  auto extension = name.extension().string();
  for (auto& letter : extension) {
    letter =
        static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return extension;
}

/// Calls `visit` for each entry that is not hidden.
template <typename Visit>
void for_each_entry(const std::filesystem::path& folder, const Visit& visit) {
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator();
       entry.increment(error)) {
    if (entry->path().filename().string().front() != '.') visit(*entry);
  }
  if (error) throw_system_error("list", folder.string(), error.value());
}

/// Files below a folder.
struct Found {
  std::vector<std::string> images;  ///< paths from the folder, sorted
  std::set<std::string> others;     ///< of files of other kinds
  std::map<std::string, std::int64_t> passed_over;
};

void find_images(const std::filesystem::path& folder,
                 const std::filesystem::path& within, Found& found) {
  for_each_entry(within.empty() ? folder : folder / within,
                 [&](const auto& entry) {
                   const auto name = within / entry.path().filename();
                   const auto extension = lower_extension(name);
                   std::error_code ignored;
                   const bool is_link = entry.is_symlink(ignored);
                   if (entry.is_directory(ignored)) {
                     // A link to a folder may lead round in a circle.
                     if (is_link) {
                       ++found.passed_over[kFolderLink];
                     } else {
                       find_images(folder, name, found);
                     }
                   } else if (is_link && !entry.exists(ignored)) {
                     ++found.passed_over[kBrokenLink];
                   } else if (is_image_ending(extension) &&
                              entry.is_regular_file(ignored)) {
                     found.images.push_back(name.string());
                   } else {
                     ++found.passed_over[extension];
                     found.others.insert(name.string());
                   }
                 });
}

Found images_below(const std::filesystem::path& folder) {
  Found found;
  find_images(folder, {}, found);
  std::sort(found.images.begin(), found.images.end());
  return found;
}

/// The paths by themselves and by names; "" by a name that several have.
std::map<std::string, std::string> named_images(
    const std::vector<std::string>& paths) {
  std::map<std::string, std::string> named;
  for (const auto& path : paths) {
    const auto name = std::filesystem::path(path).filename().string();
    const auto [place, is_new] = named.emplace(name, path);
    if (!is_new) place->second.clear();
  }
  for (const auto& path : paths) named[path] = path;
  return named;
}

/// "n01, n02 and 3 more".
std::string some_names(const std::vector<std::string>& names) {
  std::string text;
  const auto shown = std::min(names.size(), kClassesNamed);
  for (std::size_t i = 0; i < shown; ++i) {
    text += (i == 0 ? "" : ", ") + printable(names[i]);
  }
  if (names.size() > shown) {
    text += " and " + std::to_string(names.size() - shown) + " more";
  }
  return text;
}

/// `3 ".webp", 1 without ending`
std::string counts_in_words(const std::map<std::string, std::int64_t>& counts) {
  std::string text;
  for (const auto& [kind, count] : counts) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " ";
    if (kind.empty()) {
      text += "without ending";
    } else {
      text += kind.front() == '.' ? quoted_name(kind) : kind;
    }
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
  ImageFolder found;
  found.folder = folder;
  for_each_entry(folder, [&](const auto& entry) {
    std::error_code ignored;
    if (entry.is_directory(ignored)) {
      found.classes.push_back(entry.path().filename().string());
    } else if (!entry.exists(ignored)) {
      ++found.passed_over[kBrokenLink];
    } else {
      const auto extension = lower_extension(entry.path().filename());
      ++found.passed_over[is_image_ending(extension) ? kOutside : extension];
    }
  });
  std::sort(found.classes.begin(), found.classes.end());
  if (found.classes.empty()) {
    throw_file_error(where, "each class must have a folder",
                     "none in " + in_quotes(folder),
                     "name the folder that holds those of the classes");
  }
  for (std::size_t label = 0; label < found.classes.size(); ++label) {
    const auto path = std::filesystem::path(folder) / found.classes[label];
    const auto [names, ignored, passed_over] = images_below(path);
    if (names.empty()) {
      const auto others = counts_in_words(passed_over);
      throw_file_error(where,
                       "each class must have an image (.jpeg, .jpg, .jpe, "
                       ".jfif or .png)",
                       (others.empty() ? "none" : "none but " + others) +
                           " in " + in_quotes(path.string()),
                       "fill the folder or remove it");
    }
    for (const auto& [kind, count] : passed_over) {
      found.passed_over[kind] += count;
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
  ImageFolder found;
  found.folder = folder;
  found.classes = classes;
  auto below = images_below(folder);
  found.passed_over = std::move(below.passed_over);
  const auto images = named_images(below.images);

  errno = 0;
  std::ifstream stream(list);
  if (!stream) throw_system_error("open", list, errno);
  std::set<std::string> named;
  const auto listed = read_image_list(where, list, stream);
  for (const auto& image : listed.images) {
    const auto in_line = [&](const std::string& text) {
      return in_line_of_list(text, image.line, list);
    };
    const auto paths = images.find(image.name);
    if (paths == images.end() && below.others.count(image.name) != 0) {
      throw_file_error(where,
                       "an image must be a .jpeg, .jpg, .jpe, .jfif or .png",
                       in_line(image.name), "convert it");
    }
    if (paths == images.end()) {
      throw_file_error(where,
                       "each image named must be in " + in_quotes(folder),
                       in_line(image.name), "add the file or remove the line");
    }
    if (paths->second.empty()) {
      throw_file_error(where, "the name of an image must be that of one file",
                       in_line(image.name), "write its path from the folder");
    }
    if (!named.insert(paths->second).second) {
      throw_file_error(where, "an image must be named once",
                       in_line(image.name), "remove a line");
    }
    found.files.push_back(
        {(std::filesystem::path(folder) / paths->second).string(), 0});
  }
  if (found.files.empty()) {
    throw_file_error(where, "the list must name an image",
                     "none in " + in_quotes(list), "write lines of file,class");
  }
  const auto left_out = below.images.size() - named.size();
  if (left_out > 0) {
    found.passed_over[kNotListed] = static_cast<std::int64_t>(left_out);
  }
  const auto labels = labels_of(listed, classes, where, list);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    found.files[i].label = labels[i];
  }
  return found;
}

std::string passed_over_in_words(const ImageFolder& folder) {
  if (folder.passed_over.empty()) return "";
  return "passed over in " + in_quotes(folder.folder) + ": " +
         counts_in_words(folder.passed_over);
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
