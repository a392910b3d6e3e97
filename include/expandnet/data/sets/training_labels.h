// training_labels.h: training on fewer images, or with some wrong labels.
#pragma once

#include <expandnet/base/export.h>

#include <cstdint>
#include <vector>

namespace expandnet::data {

/// Draws `count` of the images with these labels and returns their sorted
/// indices. Each class keeps its share, rounded so that the sum is `count`. The
/// result depends only on `seed`, on every machine.
///
/// Throws `c10::Error` unless 1 <= count <= N, and for a label that is not 0 to
/// `classes` - 1.
[[nodiscard]] EXPANDNET_API std::vector<std::int64_t> stratified_subset(
    const std::vector<std::int64_t>& labels, std::int64_t classes,
    std::int64_t count, std::uint64_t seed);

struct CorruptedLabels {
  std::vector<std::int64_t> labels;
  std::int64_t drawn = 0;  ///< number of redrawn labels
  std::int64_t wrong = 0;  ///< number of these whose class changed
};

/// Replaces each label, with this probability, by a class drawn uniformly from
/// all classes, including the true one (Zhang et al., 2017). The draw for an
/// image depends only on `seed` and its index: a higher probability replaces
/// the same labels by the same classes, and additional ones.
///
/// Throws `c10::Error` unless 0 <= probability <= 1 and there are classes.
[[nodiscard]] EXPANDNET_API CorruptedLabels
corrupt_labels(std::vector<std::int64_t> labels, std::int64_t classes,
               double probability, std::uint64_t seed);

}  // namespace expandnet::data
