#include "data/sets/named_files.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::data {

namespace {

namespace fs = std::filesystem;

std::string in_lower_case(std::string text) {
  for (auto& letter : text) {
    letter =
        static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return text;
}

[[noreturn]] void refuse_one_name(const std::string& where,
                                  const std::string& kind,
                                  const std::string& first,
                                  const std::string& second) {
  throw_file_error(where, kind + " must have names of their own",
                   in_quotes(first) + " and " + in_quotes(second),
                   "rename one");
}

}  // namespace

bool is_image_ending(const std::string& ending) {
  const std::array<const char*, 5> known = {".jpg", ".jpeg", ".jpe", ".jfif",
                                            ".png"};
  return std::find(known.begin(), known.end(), in_lower_case(ending)) !=
         known.end();
}

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    const bool is_hidden = entry->path().filename().string().front() == '.';
    if (!is_hidden && !entry->is_directory(ignored)) {
      files.push_back(entry->path().string());
    }
  }
  if (error) throw_system_error("list", folder, error.value());
  std::sort(files.begin(), files.end());
  return files;
}

std::string name_of_image(const std::string& path) {
  const fs::path file = path;
  return is_image_ending(file.extension().string()) ? file.stem().string() : "";
}

NameOf names_without(const std::string& ending) {
  return [ending](const std::string& path) {
    const auto file = fs::path(path).filename().string();
    if (file.size() <= ending.size()) return std::string();
    const auto end = file.size() - ending.size();
    return in_lower_case(file.substr(end)) == in_lower_case(ending)
               ? file.substr(0, end)
               : std::string();
  };
}

NamedFiles files_by_name(const std::string& where, const std::string& kind,
                         const std::string& folder, const NameOf& name_of) {
  NamedFiles files;
  for (const auto& path : files_in(folder)) {
    const auto name = name_of(path);
    if (name.empty()) continue;
    const auto [there, is_new] = files.emplace(name, path);
    if (!is_new) refuse_one_name(where, kind, there->second, path);
  }
  return files;
}

std::vector<FilePair> pair_files(const NamedFiles& first,
                                 const NamedFiles& second) {
  std::map<std::string, FilePair> pairs;
  for (const auto& [name, path] : first) pairs[name].first = path;
  for (const auto& [name, path] : second) pairs[name].second = path;
  std::vector<FilePair> sorted;
  for (auto& [name, pair] : pairs) {
    pair.name = name;
    sorted.push_back(std::move(pair));
  }
  return sorted;
}

ListedImages::ListedImages(std::string where, const std::string& folder)
    : where_(std::move(where)) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return;
  for (auto& path : files_in(folder)) {
    const auto name = name_of_image(path);
    if (!name.empty()) paths_[name].push_back(std::move(path));
  }
}

std::string ListedImages::find(const std::string& name) const {
  const auto found = paths_.find(name);
  if (found == paths_.end()) return "";
  const auto& paths = found->second;
  if (paths.size() > 1) refuse_one_name(where_, "images", paths[0], paths[1]);
  return paths.front();
}

}  // namespace expandnet::data
