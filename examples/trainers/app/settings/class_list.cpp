#include "trainers/app/settings/class_list.h"

#include <set>
#include <sstream>
#include <stdexcept>

#include "base/text.h"

namespace expandnet::examples {

namespace {

/// What is wrong with the names: "rule, got name"; "" for nothing.
std::string complaint_about_classes(const std::vector<std::string>& names) {
  const auto complaint = [](const std::string& rule, const std::string& name) {
    return rule + ", got " + quoted_name(name);
  };
  std::set<std::string> known;
  for (const auto& name : names) {
    if (name.empty() || name.find('\n') != std::string::npos) {
      return complaint("the name of a class must be one line", name);
    }
    if (!known.insert(name).second) {
      return complaint("a class must be there once", name);
    }
  }
  return "";
}

}  // namespace

std::string class_list(const std::vector<std::string>& names) {
  const auto complaint = complaint_about_classes(names);
  if (!complaint.empty()) {
    throw std::runtime_error("--data: " + complaint +
                             "; rename the folder of that class");
  }
  std::string text;
  for (const auto& name : names) text += name + "\n";
  return text;
}

std::vector<std::string> read_class_list(const std::string& text) {
  std::vector<std::string> names;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) names.push_back(line);
  const auto complaint = complaint_about_classes(names);
  if (!complaint.empty()) throw std::runtime_error(complaint);
  return names;
}

}  // namespace expandnet::examples
