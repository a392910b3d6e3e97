#include <expandnet/tasks/metrics.h>

#include <algorithm>

#include "base/error.h"

namespace expandnet::tasks {

Metrics::Metrics(std::initializer_list<Entry> entries) {
  for (const auto& [name, value] : entries) set(name, value);
}

void Metrics::set(const std::string& name, double value) {
  const auto place =
      std::find_if(entries_.begin(), entries_.end(),
                   [&](const Entry& entry) { return entry.first == name; });
  if (place != entries_.end()) {
    place->second = value;
  } else {
    entries_.emplace_back(name, value);
  }
}

std::optional<double> Metrics::find(const std::string& name) const {
  for (const auto& entry : entries_) {
    if (entry.first == name) return entry.second;
  }
  return std::nullopt;
}

double Metrics::at(const std::string& name) const {
  if (const auto value = find(name)) return *value;
  std::string names;
  for (const auto& entry : entries_) {
    names += (names.empty() ? "" : ", ") + entry.first;
  }
  throw_argument_error("Metrics", "\"" + name + "\" must be one of the metrics",
                       names.empty() ? "none" : "only " + names);
}

}  // namespace expandnet::tasks
