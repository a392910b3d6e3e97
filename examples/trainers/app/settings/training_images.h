// training_images.h: selects and changes a classifier's training images.
#pragma once

#include <expandnet/data/images/rand_augment.h>

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace expandnet::examples {

struct TrainingImages {
  std::int64_t count = 0;     ///< stratified by class; 0: all
  double corrupt_labels = 0;  ///< probability that a label is redrawn
  std::uint64_t seed = 0;     ///< of both, independent of the run's
  data::RandAugment augment = {/*changes=*/0};
};

/// Adds a flag for each member except the seed, which may have other uses.
void add_training_images(CLI::App& app, TrainingImages& images);

struct ChosenImages {
  std::vector<std::int64_t> indices;  ///< sorted
  std::vector<std::int64_t> labels;   ///< of these images, as used in training
  std::vector<std::string> notes;     ///< for readers of the results
};

/// Throws `c10::Error` for more images than there are.
[[nodiscard]] ChosenImages choose_images(
    const std::vector<std::int64_t>& labels, std::int64_t classes,
    const TrainingImages& options);

}  // namespace expandnet::examples
