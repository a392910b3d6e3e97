#include "data/sets/voc_list.h"

#include <set>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::data {

namespace {

/// Whether a line ends as those of a list of one class: "000005 -1".
bool has_class_mark(const std::string& line) {
  const auto blank = line.find_last_of(" \t");
  if (blank == std::string::npos) return false;
  const auto last = line.substr(blank + 1);
  return last == "-1" || last == "0" || last == "1";
}

void check_listed_name(const std::string& where, const std::string& name,
                       const FileLine& line) {
  const auto refuse = [&](const std::string& remedy) {
    throw_file_error(where, "a line of a list must be the name of an image",
                     quoted_name(name) + " " + line.text(), remedy);
  };
  if (has_class_mark(name)) {
    refuse("give a list without classes, like trainval");
  }
  if (name.find_first_of("/\\") != std::string::npos) {
    refuse("put the image into JPEGImages itself, and write its name only");
  }
}

}  // namespace

std::vector<ListedName> read_voc_list(const std::string& where,
                                      const std::string& list) {
  std::vector<ListedName> names;
  std::set<std::string> seen;
  for (const auto& [name, number] : read_text_lines(list)) {
    const FileLine line = {list, number};
    check_listed_name(where, name, line);
    if (!seen.insert(name).second) {
      throw_file_error(where, "a list must name an image once",
                       quoted_name(name) + " " + line.text(), "remove a line");
    }
    names.push_back({name, line});
  }
  if (names.empty()) {
    throw_file_error(where, "a list must name an image",
                     "none in " + in_quotes(list), "write a name a line");
  }
  return names;
}

}  // namespace expandnet::data
