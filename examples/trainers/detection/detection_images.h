// detection_images.h: images with boxes to train on, validate and test.
#pragma once

#include <expandnet/data/images/box_transforms.h>
#include <expandnet/data/loading/box_batches.h>
#include <expandnet/tasks/detection/anchors.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "trainers/annotated/sets.h"
#include "trainers/app/runs/trainer.h"
#include "trainers/detection/box_sets.h"

namespace expandnet::examples {

struct DetectionImagesOptions {
  BoxDataset dataset = BoxDataset::kVoc;
  std::string folder;
  std::string run;  ///< the folder of one that is evaluated; "": a new run
  ListChoice lists;
  SetApart apart;
  /// Whether something is chosen by the validation set.
  bool needs_validation = false;
  data::Faults faults = data::Faults::kStop;
  /// Those of a run that is evaluated; empty: those of the training images.
  std::vector<std::string> classes;
  /// Likewise; empty: they are fitted to the training boxes.
  std::vector<tasks::Anchor> anchors;
  std::int64_t anchor_count = 5;
  bool keeps_anchors = false;  ///< whether a run's folder has to
  c10::Device device = c10::kCPU;
  data::BoxBatchOptions training;  ///< batches of all ranks together
  data::BoxEvalTransform evaluation;
};

class DetectionImages : public Images {
 public:
  /// Throws as `read_boxes` does, and `c10::Error` for a set that lacks what it
  /// needs.
  explicit DetectionImages(DetectionImagesOptions options);

  [[nodiscard]] std::int64_t classes() const override;
  [[nodiscard]] std::vector<std::string> class_names() const override;
  [[nodiscard]] std::string in_words() const override;
  /// What of the annotations was skipped, and the anchors.
  [[nodiscard]] std::vector<std::string> notes() const override;
  [[nodiscard]] std::vector<KeptFile> kept_files() const override;
  [[nodiscard]] RunData run_data(std::uint64_t seed) const override;
  [[nodiscard]] std::int64_t size_of(const std::string& set) const override;
  [[nodiscard]] std::unique_ptr<data::BatchSource> batches_of(
      const std::string& set) const override;

  /// The images of a set with what was meant in them.
  [[nodiscard]] std::vector<data::AnnotatedImage> annotated(
      const std::string& set) const;
  /// In cells of the pictures that are evaluated.
  [[nodiscard]] const std::vector<tasks::Anchor>& anchors() const {
    return options_.anchors;
  }

 private:
  /// Reads all sets, which say what classes there are.
  void read_all();
  [[nodiscard]] data::AnnotatedSet read(const Lists& lists) const;
  /// Throws `c10::Error` for a set that could not be judged.
  void check_has_object(const std::string& name) const;
  void fit();
  [[nodiscard]] std::unique_ptr<data::BoxBatches> plain_batches(
      const std::string& set) const;

  DetectionImagesOptions options_;
  mutable std::vector<std::string> notes_;
  /// Read where they are needed.
  mutable ListedSets<data::AnnotatedSet> sets_;
};

}  // namespace expandnet::examples
