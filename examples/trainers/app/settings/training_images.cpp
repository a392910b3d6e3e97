#include "trainers/app/settings/training_images.h"

#include <c10/util/Exception.h>
#include <expandnet/data/sets/training_labels.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "command_line/checks.h"
#include "trainers/app/settings/configuration.h"

namespace expandnet::examples {

void add_training_images(CLI::App& app, TrainingImages& images) {
  app.add_option("--train-images", images.count,
                 "train on so many images, of each class its share; 0: all")
      ->check(not_negative());
  add_number(app, "--corrupt-labels", images.corrupt_labels,
             "probability that a training label is replaced by a class drawn "
             "from all, once for all runs")
      ->check(share());
  app.add_option("--randaugment", images.augment.changes,
                 "random changes of each training image; 0: none, 2 is usual")
      ->check(from_to(0, 100));
  app.add_option("--magnitude", images.augment.magnitude,
                 "how strong the changes of --randaugment are")
      ->check(from_to(0, 30));
}

ChosenImages choose_images(const std::vector<std::int64_t>& labels,
                           std::int64_t classes,
                           const TrainingImages& options) {
  const auto size = static_cast<std::int64_t>(labels.size());
  TORCH_CHECK(options.count <= size,
              error_message(
                  "--train-images",
                  fmt::format("must be at most {}, as many as there are", size),
                  std::to_string(options.count)));
  ChosenImages chosen;
  if (options.count > 0) {
    chosen.indices =
        data::stratified_subset(labels, classes, options.count, options.seed);
    chosen.notes.push_back(
        fmt::format("Trained on {} of {} images (--train-images, seed {}).",
                    options.count, size, options.seed));
  } else {
    chosen.indices.resize(labels.size());
    std::iota(chosen.indices.begin(), chosen.indices.end(), std::int64_t{0});
  }
  for (const auto index : chosen.indices) {
    chosen.labels.push_back(labels[static_cast<std::size_t>(index)]);
  }
  if (options.corrupt_labels == 0) return chosen;
  auto corrupted = data::corrupt_labels(std::move(chosen.labels), classes,
                                        options.corrupt_labels, options.seed);
  chosen.labels = std::move(corrupted.labels);
  const auto percent = [&](std::int64_t count) {
    return 100 * static_cast<double>(count) /
           static_cast<double>(chosen.labels.size());
  };
  chosen.notes.push_back(fmt::format(
      "{:.2f} % of the training labels were drawn anew, {:.2f} % are wrong "
      "(--corrupt-labels {}, seed {}).",
      percent(corrupted.drawn), percent(corrupted.wrong),
      options.corrupt_labels, options.seed));
  return chosen;
}

}  // namespace expandnet::examples
