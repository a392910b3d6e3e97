#include "data/sets/voc_list.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::data {

namespace {

constexpr std::array<const char*, 10> kImageEndings = {
    ".jpg", ".jpeg", ".png", ".JPG",  ".JPEG",
    ".PNG", ".jpe",  ".JPE", ".jfif", ".JFIF"};

}  // namespace

std::vector<ListedName> read_voc_list(const std::string& where,
                                      const std::string& list) {
  errno = 0;
  std::ifstream stream(list);
  if (!stream) throw_system_error("open", list, errno);
  std::vector<ListedName> names;
  std::set<std::string> seen;
  std::string line;
  for (std::int64_t number = 1; std::getline(stream, line); ++number) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) {
      line.pop_back();
    }
    if (line.empty()) continue;
    const FileLine named = {list, number};
    const bool is_name = line.find_first_of(" \t/\\") == std::string::npos;
    if (!is_name || !seen.insert(line).second) {
      throw_file_error(where,
                       is_name
                           ? "a list must name an image once"
                           : "a line of a list must be the name of an image",
                       quoted_name(line) + " " + named.text(),
                       is_name ? "remove a line"
                               : "give a list without classes, like trainval");
    }
    names.push_back({line, named});
  }
  if (stream.bad()) throw_system_error("read", list, errno);
  return names;
}

bool is_image_ending(const std::string& ending) {
  return std::find(kImageEndings.begin(), kImageEndings.end(), ending) !=
         kImageEndings.end();
}

std::string image_named(const std::string& folder, const std::string& name) {
  for (const auto* ending : kImageEndings) {
    const auto path = std::filesystem::path(folder) / (name + ending);
    std::error_code ignored;
    if (std::filesystem::is_regular_file(path, ignored)) return path.string();
  }
  return "";
}

}  // namespace expandnet::data
