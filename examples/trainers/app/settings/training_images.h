// training_images.h: what a classifier's training images are made of.
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
  std::int64_t count = 0;     ///< of each class its share; 0: all
  double corrupt_labels = 0;  ///< probability that a label is drawn anew
  std::uint64_t seed = 0;     ///< of both, whatever the run's
  data::RandAugment augment = {/*changes=*/0};
};

/// Adds a flag for each but the seed, which may have other uses.
void add_training_images(CLI::App& app, TrainingImages& images);

struct ChosenImages {
  std::vector<std::int64_t> indices;  ///< sorted
  std::vector<std::int64_t> labels;   ///< of these, as they are trained on
  std::vector<std::string> notes;  ///< what a reader of the results must know
};

/// Throws `c10::Error` for more images than there are.
[[nodiscard]] ChosenImages choose_images(
    const std::vector<std::int64_t>& labels, std::int64_t classes,
    const TrainingImages& options);

}  // namespace expandnet::examples
