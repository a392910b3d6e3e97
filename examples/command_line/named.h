// named.h: the values of an option by the names they have in flags and files.
#pragma once

#include <expandnet/train/precision.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace expandnet::examples {

template <typename Value>
struct Named {
  Value value;
  const char* name;
};

/// The name of `value` in `table`.
template <typename Value, std::size_t N>
std::string name_in(const Named<Value> (&table)[N], Value value) {
  for (const auto& entry : table) {
    if (entry.value == value) return entry.name;
  }
  return "";
}

template <typename Value, std::size_t N>
std::vector<std::string> names_in(const Named<Value> (&table)[N]) {
  std::vector<std::string> names;
  for (const auto& entry : table) names.emplace_back(entry.name);
  return names;
}

/// The values of these names, in the order of the table.
template <typename Value, std::size_t N>
std::vector<Value> values_in(const Named<Value> (&table)[N],
                             const std::vector<std::string>& names) {
  std::vector<Value> values;
  for (const auto& entry : table) {
    if (std::count(names.begin(), names.end(), entry.name) > 0) {
      values.push_back(entry.value);
    }
  }
  return values;
}

/// The value of `name`, one of the table.
template <typename Value, std::size_t N>
Value value_in(const Named<Value> (&table)[N], const std::string& name) {
  return values_in(table, {name}).at(0);
}

inline constexpr Named<train::Precision> kPrecisions[] = {
    {train::Precision::kFloat32, "fp32"},
    {train::Precision::kTF32, "tf32"},
    {train::Precision::kBFloat16, "bf16"}};

}  // namespace expandnet::examples
