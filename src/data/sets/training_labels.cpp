#include <expandnet/data/sets/training_labels.h>

#include <cstddef>
#include <string>
#include <utility>

#include "base/error.h"
#include "data/images/counter_random.h"
#include "data/sets/stratified.h"

namespace expandnet::data {

namespace {

/// Keeps these draws apart from those of images and epochs.
constexpr std::int64_t kNoEpoch = -1;

}  // namespace

std::vector<std::int64_t> stratified_subset(
    const std::vector<std::int64_t>& labels, std::int64_t classes,
    std::int64_t count, std::uint64_t seed) {
  if (count < 1) {
    throw_argument_error("stratified_subset", "count must be positive",
                         std::to_string(count));
  }
  return draw_stratified("stratified_subset", labels, classes, count, seed);
}

CorruptedLabels corrupt_labels(std::vector<std::int64_t> labels,
                               std::int64_t classes, double probability,
                               std::uint64_t seed) {
  if (!(probability >= 0 && probability <= 1)) {
    throw_argument_error("corrupt_labels", "probability must be 0 to 1",
                         std::to_string(probability));
  }
  if (classes < 1) {
    throw_argument_error("corrupt_labels", "there must be a class",
                         std::to_string(classes));
  }
  CorruptedLabels result;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    CounterRandom random({seed, kNoEpoch, static_cast<std::int64_t>(i)});
    if (random.uniform() >= probability) continue;
    const auto drawn = random.below(classes);
    ++result.drawn;
    if (drawn != labels[i]) ++result.wrong;
    labels[i] = drawn;
  }
  result.labels = std::move(labels);
  return result;
}

}  // namespace expandnet::data
