#include "data/image_list.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/fail.h"

namespace expandnet::data {

std::string in_line_of_list(const std::string& text, std::int64_t line,
                            const std::string& path) {
  return "\"" + text + "\" in line " + std::to_string(line) + " of \"" + path +
         "\"";
}

std::vector<ListedImage> read_image_list(const std::string& where,
                                         const std::string& path,
                                         std::istream& stream) {
  std::vector<ListedImage> images;
  std::string line;
  errno = 0;
  for (std::int64_t number = 1; std::getline(stream, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || (number == 1 && line == "file,class")) continue;
    if (std::count(line.begin(), line.end(), ',') != 1) {
      fail(where, "a line must be file,class",
           in_line_of_list(line, number, path), "correct it");
    }
    const auto comma = line.find(',');
    images.push_back({line.substr(0, comma), line.substr(comma + 1), number});
  }
  if (stream.bad()) {
    fail(where, "the list must be readable",
         "\"" + path + "\": " + std::strerror(errno),
         "give a file of lines file,class");
  }
  return images;
}

}  // namespace expandnet::data
