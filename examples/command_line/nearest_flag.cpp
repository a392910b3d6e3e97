#include "command_line/nearest_flag.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

namespace expandnet::examples {

namespace {

/// Letters to insert, remove or replace to come from `a` to `b`.
std::size_t edits(const std::string& a, const std::string& b) {
  // Of the start of `a` so far to each start of `b`.
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (const auto letter : a) {
    auto diagonal = row[0]++;
    for (std::size_t i = 0; i < b.size(); ++i) {
      const auto replaced = diagonal + (letter == b[i] ? 0 : 1);
      diagonal = row[i + 1];
      row[i + 1] = std::min({row[i] + 1, row[i + 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_flag(const CLI::App& app, const std::string& word) {
  const auto most = std::max<std::size_t>(2, word.size() / 3);
  // Not all of a short word may be another's.
  auto fewest = std::min(most + 1, word.size());
  std::string nearest;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) {
      if (word.size() >= name.size() + fewest) continue;
      const auto count = edits(word, name);
      if (count >= fewest) continue;
      fewest = count;
      nearest = name;
    }
  }
  return nearest;
}

}  // namespace expandnet::examples
