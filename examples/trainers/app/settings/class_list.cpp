#include "trainers/app/settings/class_list.h"

#include <cstddef>
#include <sstream>
#include <stdexcept>

namespace expandnet::examples {

namespace {

void check_classes(const std::vector<std::string>& names) {
  const auto refuse = [](const std::string& rule, const std::string& name) {
    throw std::runtime_error(rule + ", got \"" + name + "\"");
  };
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& name = names[i];
    if (name.empty() || name.find('\n') != std::string::npos) {
      refuse("the name of a class must be one line", name);
    }
    if (i > 0 && !(names[i - 1] < name)) {
      refuse("classes must be sorted, each there once", name);
    }
  }
}

}  // namespace

std::string class_list(const std::vector<std::string>& names) {
  check_classes(names);
  std::string text;
  for (const auto& name : names) text += name + "\n";
  return text;
}

std::vector<std::string> read_class_list(const std::string& text) {
  std::vector<std::string> names;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) names.push_back(line);
  check_classes(names);
  return names;
}

}  // namespace expandnet::examples
