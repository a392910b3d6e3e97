#include "data/sets/voc_years.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::data {

namespace {

namespace fs = std::filesystem;

bool has_folders(const fs::path& folder,
                 const std::vector<std::string>& folders) {
  return std::all_of(folders.begin(), folders.end(), [&](const auto& name) {
    std::error_code ignored;
    return fs::is_directory(folder / name, ignored);
  });
}

/// The folders of years in `folder`, sorted.
std::vector<std::string> years_in(const fs::path& folder,
                                  const std::vector<std::string>& folders) {
  std::vector<std::string> years;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const bool is_year =
        entry->path().filename().string().compare(0, 3, "VOC") == 0 &&
        has_folders(entry->path(), folders);
    if (is_year) years.push_back(entry->path().string());
  }
  std::sort(years.begin(), years.end());
  return years;
}

/// "a, b and c"
std::string enumerated(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    text += (i == 0 ? "" : i + 1 < words.size() ? ", " : " and ") + words[i];
  }
  return text;
}

}  // namespace

std::vector<std::string> find_voc_years(
    const std::string& where, const std::string& root,
    const std::vector<std::string>& folders) {
  if (has_folders(root, folders)) return {root};
  for (const auto& folder : {fs::path(root), fs::path(root) / "VOCdevkit"}) {
    auto years = years_in(folder, folders);
    if (!years.empty()) return years;
  }
  throw_file_error(where,
                   "a folder must hold " + enumerated(folders) +
                       ", or VOC2007 and the like that do",
                   "none in " + in_quotes(root) + " nor in its VOCdevkit",
                   "name the folder of VOC's devkit");
}

}  // namespace expandnet::data
