#include "data/sets/stratified.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <random>
#include <utility>

#include "base/error.h"

namespace expandnet::data {

namespace {

/// Below `bound`, every number alike. The distributions of the standard library
/// differ between its makers.
std::size_t draw_below(std::size_t bound, std::mt19937_64& generator) {
  const auto reach = std::mt19937_64::max() - std::mt19937_64::max() % bound;
  auto number = generator();
  while (number >= reach) number = generator();
  return static_cast<std::size_t>(number % bound);
}

/// `count` apportioned to groups of these sizes, largest remainders first.
std::vector<std::size_t> apportion(std::size_t count,
                                   const std::vector<std::size_t>& sizes) {
  const auto total = std::accumulate(sizes.begin(), sizes.end(), std::size_t{});
  std::vector<std::size_t> shares;
  shares.reserve(sizes.size());
  std::vector<std::size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (const auto size : sizes) shares.push_back(count * size / total);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
    return count * sizes[a] % total > count * sizes[b] % total;
  });
  auto rest =
      count - std::accumulate(shares.begin(), shares.end(), std::size_t{});
  for (std::size_t i = 0; i < rest; ++i) ++shares[order[i]];
  return shares;
}

}  // namespace

std::vector<std::int64_t> draw_stratified(
    const std::string& where, const std::vector<std::int64_t>& labels,
    std::int64_t classes, std::int64_t count, std::uint64_t seed) {
  const auto size = static_cast<std::int64_t>(labels.size());
  if (count < 0 || count > size) {
    throw_argument_error(where, "count must be 0 to " + std::to_string(size),
                         std::to_string(count), "take fewer images");
  }
  std::vector<std::vector<std::int64_t>> members(
      static_cast<std::size_t>(classes));
  for (std::int64_t i = 0; i < size; ++i) {
    const auto label = labels[static_cast<std::size_t>(i)];
    if (label < 0 || label >= classes) {
      throw_argument_error(
          where, "a label must be 0 to " + std::to_string(classes - 1),
          std::to_string(label) + " for image " + std::to_string(i),
          "correct the set");
    }
    members[static_cast<std::size_t>(label)].push_back(i);
  }
  std::vector<std::size_t> sizes;
  sizes.reserve(members.size());
  for (const auto& group : members) sizes.push_back(group.size());
  const auto shares = apportion(static_cast<std::size_t>(count), sizes);

  std::mt19937_64 generator(seed);
  std::vector<std::int64_t> drawn;
  for (std::size_t c = 0; c < members.size(); ++c) {
    auto& group = members[c];
    for (std::size_t i = 0; i < shares[c]; ++i) {
      std::swap(group[i], group[i + draw_below(group.size() - i, generator)]);
      drawn.push_back(group[i]);
    }
  }
  std::sort(drawn.begin(), drawn.end());
  return drawn;
}

}  // namespace expandnet::data
