// detection_trainer.h: the flags, net and images of expandnet-detection.
#pragma once

#include <expandnet/data/images/box_transforms.h>
#include <expandnet/data/sets/annotation_options.h>
#include <expandnet/tasks/detection/detection.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "trainers/annotated/annotated_flags.h"
#include "trainers/app/commands/commands.h"
#include "trainers/app/runs/trainer.h"
#include "trainers/detection/box_sets.h"

namespace expandnet::examples {

/// The shapes that boxes start from.
enum class AnchorChoice {
  kFitted,    ///< k-means of the boxes that are trained on
  kYoloLite,  ///< the published ones
};

/// What a mean average precision is.
enum class PrecisionChoice {
  kVoc2007,  ///< eleven points, IoU 0.5
  kArea,     ///< the area below the curve, IoU 0.5: VOC2010 and later
  kCoco,     ///< 101 points, mean over IoU 0.5 to 0.95
};

/// Defaults are YOLO-LITE's on VOC: SGD with momentum 0.9 and weight decay
/// 5e-4, a rate that falls at two thirds and three quarters of the epochs.
class DetectionTrainer : public Trainer {
 public:
  static constexpr std::int64_t kAnchors = 5;

  DetectionTrainer();

  [[nodiscard]] std::string name() const override {
    return "expandnet-detection";
  }
  [[nodiscard]] std::unique_ptr<Trainer> clone() const override;

  void add_flags(CLI::App& app) override;
  void add_evaluation_flags(CLI::App& app) override;
  /// Those that say which images there are, and how large pictures are.
  void add_data_flags(CLI::App& app);
  void set_defaults(Command command) override;
  void check() const override;
  void check_data() const;

  [[nodiscard]] std::vector<std::string> recipes() const override;
  [[nodiscard]] std::vector<std::string> sets() const override;
  [[nodiscard]] std::string title() const override;
  [[nodiscard]] std::vector<std::string> notes() const override;

  [[nodiscard]] tasks::Task task(const Images& images,
                                 c10::Device device) const override;
  [[nodiscard]] std::vector<tasks::Metric> metrics() const override;

  [[nodiscard]] std::int64_t classes_of_run(
      const std::string& folder) const override;
  [[nodiscard]] std::unique_ptr<Images> load_images(
      const Machine& machine, const std::string& run) const override;
  [[nodiscard]] torch::Tensor example() const override;
  [[nodiscard]] train::Model compact_net(std::int64_t classes) const override;
  [[nodiscard]] TrainableModel make_trainable(
      const std::string& recipe, std::int64_t classes,
      const Machine& machine) const override;

  /// The names of a run's classes, and its anchors. Throw `c10::Error` where
  /// its folder has none.
  [[nodiscard]] std::vector<std::string> class_names_of_run(
      const std::string& folder) const;
  [[nodiscard]] std::vector<tasks::Anchor> anchors_of_run(
      const std::string& folder) const;

  [[nodiscard]] std::int64_t image_size() const { return image_size_; }
  [[nodiscard]] data::BoxEvalTransform evaluation() const { return {fit_}; }
  [[nodiscard]] data::AnnotatedSet training_boxes() const;

 private:
  void add_reading_flags(CLI::App& app);
  void add_judging_flags(CLI::App& app);

  BoxDataset dataset_ = BoxDataset::kVoc;
  AnnotatedFlags reading_;
  data::Fit fit_ = data::Fit::kStretch;

  std::int64_t image_size_ = 224;
  bool multi_scale_ = false;
  data::BoxTrainTransform transform_;
  bool batch_norm_ = false;
  AnchorChoice anchors_ = AnchorChoice::kFitted;
  bool prior_ = true;

  PrecisionChoice precision_ = PrecisionChoice::kVoc2007;
  tasks::SuppressOptions suppress_;
};

/// The commands that only this program has.
[[nodiscard]] std::vector<ProgramCommand> detection_commands();

/// Fits anchors to boxes, and shows them.
int anchors_command(const Trainer& prototype, const Words& words);
/// Finds objects in images.
int predict_command(const Trainer& prototype, const Words& words);

}  // namespace expandnet::examples
