#include <ATen/Functions.h>
#include <c10/util/Exception.h>
#include <expandnet/data/sets/image_set.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <random>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/text.h"

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

ImageSet select_images(const ImageSet& set,
                       const std::vector<std::int64_t>& indices) {
  const auto index = at::tensor(indices, at::kLong).to(set.images.device());
  return {set.images.index_select(0, index),
          set.labels.index_select(0, index.to(set.labels.device())),
          set.classes, set.name};
}

}  // namespace

ImageSet as_rgb32(const ImageSet& set) {
  const auto sizes = set.images.sizes();
  const bool rgb = sizes.size() == 4 && sizes.slice(1).equals({3, 32, 32});
  if (rgb) return set;
  const bool grey = sizes.size() == 4 && sizes.slice(1).equals({1, 28, 28});
  TORCH_CHECK(grey,
              error_message("as_rgb32",
                            "images must be [N, 1, 28, 28] or [N, 3, 32, 32]",
                            expandnet::sizes(sizes), "resize them before"));
  auto result = set;
  result.images = at::constant_pad_nd(set.images, {2, 2, 2, 2})
                      .expand({-1, 3, -1, -1})
                      .contiguous();
  return result;
}

TrainingAndValidation split(const ImageSet& set, std::int64_t validation_count,
                            std::uint64_t seed) {
  const auto count = set.labels.size(0);
  TORCH_CHECK(
      validation_count >= 0 && validation_count < count,
      error_message(
          "split", "validation_count must be 0 to " + std::to_string(count - 1),
          std::to_string(validation_count), "leave images to train on"));

  const auto labels = set.labels.to(at::kCPU, at::kLong).contiguous();
  const auto* label = labels.const_data_ptr<std::int64_t>();
  std::vector<std::vector<std::int64_t>> members(
      static_cast<std::size_t>(set.classes));
  for (std::int64_t i = 0; i < count; ++i) {
    TORCH_CHECK(
        label[i] >= 0 && label[i] < set.classes,
        error_message(
            "split", "a label must be 0 to " + std::to_string(set.classes - 1),
            std::to_string(label[i]) + " for image " + std::to_string(i),
            "correct the set"));
    members[static_cast<std::size_t>(label[i])].push_back(i);
  }
  std::vector<std::size_t> sizes;
  for (const auto& group : members) sizes.push_back(group.size());
  const auto shares =
      apportion(static_cast<std::size_t>(validation_count), sizes);

  std::mt19937_64 generator(seed);
  std::vector<std::int64_t> training;
  std::vector<std::int64_t> validation;
  for (std::size_t c = 0; c < members.size(); ++c) {
    auto& group = members[c];
    for (std::size_t i = 0; i < shares[c]; ++i) {
      std::swap(group[i], group[i + draw_below(group.size() - i, generator)]);
      validation.push_back(group[i]);
    }
    training.insert(training.end(),
                    group.begin() + static_cast<std::ptrdiff_t>(shares[c]),
                    group.end());
  }
  std::sort(training.begin(), training.end());
  std::sort(validation.begin(), validation.end());
  return {select_images(set, training), select_images(set, validation)};
}

}  // namespace expandnet::data
