// training_labels.h: fewer training images, or some with a wrong label.
#pragma once

#include <cstdint>
#include <vector>

namespace expandnet::data {

/// Returns the sorted indices of `count` of the images with these labels, of
/// each class its share, rounded so that the sum is `count`; drawn by `seed`,
/// the same on every machine.
///
/// Throws `c10::Error` unless 1 <= count <= N, and for a label that is not 0 to
/// `classes` - 1.
[[nodiscard]] std::vector<std::int64_t> stratified_subset(
    const std::vector<std::int64_t>& labels, std::int64_t classes,
    std::int64_t count, std::uint64_t seed);

struct CorruptedLabels {
  std::vector<std::int64_t> labels;
  std::int64_t drawn = 0;  ///< how many were drawn anew
  std::int64_t wrong = 0;  ///< how many of these are another class now
};

/// Replaces each label with this probability by a class drawn uniformly from
/// all, the true one among them (Zhang et al., 2017). What becomes of an image
/// depends on `seed` and its place only: with a higher probability the same
/// labels are replaced, by the same classes, and more.
///
/// Throws `c10::Error` unless 0 <= probability <= 1 and there are classes.
[[nodiscard]] CorruptedLabels corrupt_labels(std::vector<std::int64_t> labels,
                                             std::int64_t classes,
                                             double probability,
                                             std::uint64_t seed);

}  // namespace expandnet::data
