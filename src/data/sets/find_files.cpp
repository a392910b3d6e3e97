#include "data/sets/find_files.h"

#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::data {

namespace {

/// The path of the file, "" if there is none.
std::string existing_file(const std::string& folder, const std::string& name,
                          const std::vector<std::string>& extensions) {
  for (const auto& extension : extensions) {
    const auto path = std::filesystem::path(folder) / (name + extension);
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) return path.string();
  }
  return "";
}

std::string join_names(const std::vector<std::string>& names,
                       const std::string& suffix) {
  std::string text;
  for (const auto& name : names) {
    text.append(text.empty() ? "" : ", ").append(name).append(suffix);
  }
  return text;
}

}  // namespace

std::vector<std::string> find_files(const FileQuery& query) {
  const auto suffix = query.extensions.size() > 1
                          ? "[" + query.extensions.back() + "]"
                          : query.extensions.front();
  std::string looked;
  for (const auto& folder : query.folders) {
    std::vector<std::string> paths;
    std::vector<std::string> missing;
    for (const auto& name : query.names) {
      paths.push_back(existing_file(folder, name, query.extensions));
      if (paths.back().empty()) missing.push_back(name);
    }
    if (missing.empty()) return paths;

    looked += looked.empty() ? "" : " and ";
    std::error_code ignored;
    if (std::filesystem::is_directory(folder, ignored)) {
      looked += in_quotes(folder) + " without " + join_names(missing, suffix);
    } else {
      looked += "no folder " + in_quotes(folder);
    }
  }
  throw_file_error(query.where,
                   "a folder must hold " + join_names(query.names, suffix),
                   looked, query.remedy);
}

}  // namespace expandnet::data
