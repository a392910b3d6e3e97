// imagenet_images.h: folders of images, one for each class.
#pragma once

#include <expandnet/data/loading/folder_batches.h>
#include <expandnet/data/sets/image_folder.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "trainers/app/runs/trainer.h"
#include "trainers/app/settings/training_images.h"

namespace expandnet::examples {

struct ImageNetImagesOptions {
  std::string folder;    ///< holds train and val
  std::string val_list;  ///< of a val without folders; "": it has them
  /// Those of a run that is evaluated; empty: the folders of train.
  std::vector<std::string> classes;
  c10::Device device = c10::kCPU;
  data::FolderBatchOptions training;  ///< batches of all ranks together
  TrainingImages chosen;
  data::EvalTransform evaluation;
};

/// A list of files, shared by all that read them.
using SharedFolder = std::shared_ptr<const data::ImageFolder>;

/// `train` and `val` of a folder. The validation set is the test set, too, as
/// is usual for ImageNet.
class ImageNetImages : public Images {
 public:
  /// Throws as `scan_image_folder`, `scan_flat_folder` and
  /// `check_same_classes` do.
  explicit ImageNetImages(ImageNetImagesOptions options);

  [[nodiscard]] std::int64_t classes() const override;
  [[nodiscard]] std::vector<std::string> class_names() const override;
  [[nodiscard]] std::string in_words() const override;
  /// What was passed over in train and val, where they have been listed.
  [[nodiscard]] std::vector<std::string> notes() const override;
  [[nodiscard]] std::vector<std::string> notes_on_results() const override {
    return notes_on_results_;
  }
  [[nodiscard]] std::vector<KeptFile> kept_files() const override;
  [[nodiscard]] RunData run_data(std::uint64_t seed) const override;
  [[nodiscard]] std::int64_t size_of(const std::string& set) const override;
  [[nodiscard]] std::unique_ptr<data::BatchSource> batches_of(
      const std::string& set) const override;
  [[nodiscard]] std::unique_ptr<data::BatchSource> training_images(
      const std::vector<std::int64_t>& places) const override;

 private:
  /// Lists the training images, leaves out some and changes labels.
  [[nodiscard]] SharedFolder scan_training() const;
  [[nodiscard]] const SharedFolder& training() const;
  [[nodiscard]] const SharedFolder& set_named(const std::string& set) const;
  [[nodiscard]] std::unique_ptr<data::FolderBatches> plain_batches(
      const SharedFolder& set) const;

  ImageNetImagesOptions options_;
  std::vector<std::string> classes_;
  SharedFolder validation_;
  /// More than a million files: listed only where they are needed.
  mutable SharedFolder training_;
  mutable std::vector<std::string> notes_on_results_;
};

}  // namespace expandnet::examples
