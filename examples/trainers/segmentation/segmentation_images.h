// segmentation_images.h: images with masks to train on, validate and test.
#pragma once

#include <expandnet/data/loading/mask_batches.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "trainers/annotated/sets.h"
#include "trainers/app/runs/trainer.h"
#include "trainers/segmentation/mask_sets.h"

namespace expandnet::examples {

struct SegmentationImagesOptions {
  MaskDataset dataset = MaskDataset::kAuto;
  std::string folder;
  std::string run;  ///< the folder of one that is evaluated; "": a new run
  ListChoice lists;
  SetApart apart;
  /// Whether something is chosen by the validation set.
  bool needs_validation = false;
  data::Faults faults = data::Faults::kStop;
  /// Those of a run that is evaluated; empty: a new run.
  std::vector<std::string> classes;
  /// Whether a new run weights its classes, by the pixels that it trains on.
  bool weights_classes = false;
  c10::Device device = c10::kCPU;
  data::MaskBatchOptions training;  ///< batches of all ranks together
};

class SegmentationImages : public Images {
 public:
  /// Throws as `read_masks` does, and `c10::Error` for a set that lacks what it
  /// needs.
  explicit SegmentationImages(SegmentationImagesOptions options);

  [[nodiscard]] std::int64_t classes() const override;
  [[nodiscard]] std::vector<std::string> class_names() const override;
  [[nodiscard]] std::string in_words() const override;
  /// What was skipped, and the weights of the classes.
  [[nodiscard]] std::vector<std::string> notes() const override;
  [[nodiscard]] std::vector<std::string> notes_on_results() const override;
  [[nodiscard]] std::vector<KeptFile> kept_files() const override;
  [[nodiscard]] RunData run_data(std::uint64_t seed) const override;
  [[nodiscard]] std::int64_t size_of(const std::string& set) const override;
  [[nodiscard]] std::unique_ptr<data::BatchSource> batches_of(
      const std::string& set) const override;

  /// The images of a set, with their masks.
  [[nodiscard]] data::MaskSet masked(const std::string& set) const;
  /// Of the classes in the loss; empty: all alike.
  [[nodiscard]] const std::vector<double>& class_weights() const {
    return class_weights_;
  }

 private:
  [[nodiscard]] data::MaskSet read(const Lists& lists) const;
  /// Throws `c10::Error` for a set that could not be judged.
  void check_has_pixel(const std::string& name) const;
  /// Adds a note where a run was trained with other indices of its classes.
  void note_other_indices(const data::MaskSet& set) const;
  void weight_classes();
  [[nodiscard]] std::unique_ptr<data::MaskBatches> plain_batches(
      const std::string& set) const;

  SegmentationImagesOptions options_;
  std::vector<double> class_weights_;
  mutable std::vector<std::string> notes_;
  /// Read where they are needed.
  mutable ListedSets<data::MaskSet> sets_;
};

}  // namespace expandnet::examples
