// cifar_images.h: a whole data set of small images, on the device that trains.
#pragma once

#include <expandnet/data/loading/batches.h>
#include <expandnet/data/sets/load_image_set.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "trainers/app/runs/trainer.h"
#include "trainers/app/settings/training_images.h"

namespace expandnet::examples {

struct CifarImagesOptions {
  std::string dataset;
  std::string folder;
  std::int64_t validation = 0;  ///< images set apart
  std::uint64_t split_seed = 0;
  TrainingImages training;  ///< with the seed of the split
  c10::Device device = c10::kCPU;
  data::BatchOptions batches;  ///< of training; without mean and stddev
};

class CifarImages : public Images {
 public:
  explicit CifarImages(const CifarImagesOptions& options);

  [[nodiscard]] std::int64_t classes() const override {
    return training_.classes;
  }
  [[nodiscard]] std::vector<std::string> class_names() const override {
    return {};
  }
  [[nodiscard]] std::string in_words() const override;
  [[nodiscard]] std::vector<std::string> notes_on_results() const override {
    return notes_;
  }
  [[nodiscard]] RunData run_data(std::uint64_t seed) const override;
  [[nodiscard]] std::int64_t size_of(const std::string& set) const override;
  [[nodiscard]] std::unique_ptr<data::BatchSource> batches_of(
      const std::string& set) const override;
  [[nodiscard]] std::unique_ptr<data::BatchSource> training_images(
      const std::vector<std::int64_t>& places) const override;

 private:
  /// Leaves out training images, and changes labels.
  void choose(const TrainingImages& options);
  [[nodiscard]] const data::ImageSet& set_named(const std::string& set) const;
  [[nodiscard]] data::Batches plain_batches(const data::ImageSet& set) const;

  std::string dataset_;
  data::BatchOptions options_;
  std::vector<std::string> notes_;
  data::ImageSet training_;
  data::ImageSet validation_;
  data::ImageSet test_;
  std::shared_ptr<data::Batches> training_batches_;  ///< runs share the images
  std::shared_ptr<data::Batches> validation_batches_;  ///< may be none
  std::shared_ptr<data::Batches> test_batches_;
};

}  // namespace expandnet::examples
