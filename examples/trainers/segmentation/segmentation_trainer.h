// segmentation_trainer.h: the flags, net and images of expandnet-segmentation.
#pragma once

#include <expandnet/data/images/mask_transforms.h>
#include <expandnet/models/unet.h>
#include <expandnet/tasks/segmentation/segmentation.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "trainers/annotated/annotated_flags.h"
#include "trainers/app/commands/commands.h"
#include "trainers/app/runs/trainer.h"
#include "trainers/segmentation/mask_sets.h"

namespace expandnet::examples {

/// What classes weigh in the loss.
enum class ClassWeightChoice {
  kNone,             ///< all alike
  kMedianFrequency,  ///< rare ones more (`tasks::median_frequency_weights`)
};

/// Defaults are U-Net's of the paper, of width 32, on Cityscapes, and a recipe
/// that is usual for it: SGD with momentum 0.9 and weight decay 1e-4, a rate
/// that falls linearly to 0.
class SegmentationTrainer : public Trainer {
 public:
  SegmentationTrainer();

  [[nodiscard]] std::string name() const override {
    return "expandnet-segmentation";
  }
  [[nodiscard]] std::unique_ptr<Trainer> clone() const override;

  void add_flags(CLI::App& app) override;
  [[nodiscard]] bool has_int8() const override { return false; }
  void add_evaluation_flags(CLI::App& app) override;
  /// --tile, of everything that looks at whole images.
  void add_tile(CLI::App& app);
  void set_defaults(Command command) override;
  void check() const override;

  [[nodiscard]] std::vector<std::string> recipes() const override;
  [[nodiscard]] std::vector<std::string> sets() const override;
  [[nodiscard]] std::string title() const override;
  [[nodiscard]] std::vector<std::string> notes() const override;

  [[nodiscard]] tasks::Task task(const Images& images,
                                 c10::Device device) const override;
  [[nodiscard]] std::vector<tasks::Metric> metrics() const override;
  /// IoU, recall and precision of each class.
  [[nodiscard]] std::vector<std::string> details(
      const tasks::Meter& meter, const Images& images) const override;

  [[nodiscard]] std::int64_t classes_of_run(
      const std::string& folder) const override;
  [[nodiscard]] std::unique_ptr<Images> load_images(
      const Machine& machine, const std::string& run) const override;
  [[nodiscard]] torch::Tensor example() const override;
  [[nodiscard]] train::Model compact_net(std::int64_t classes) const override;
  [[nodiscard]] TrainableModel make_trainable(
      const std::string& recipe, std::int64_t classes,
      const Machine& machine) const override;

  /// The names of a run's classes. Throws `c10::Error` where its folder has
  /// none.
  [[nodiscard]] std::vector<std::string> class_names_of_run(
      const std::string& folder) const;

 private:
  void add_reading_flags(CLI::App& app);
  /// Of the crops that are trained on: one number or two.
  [[nodiscard]] data::ImageSize crop_size() const;

  MaskDataset dataset_ = MaskDataset::kAuto;
  AnnotatedFlags reading_;
  std::vector<std::int64_t> crop_ = {512, 1024};  ///< height, width
  data::MaskTrainTransform transform_;

  std::int64_t width_ = 32;
  bool batch_norm_ = false;
  models::UpSampling up_sampling_ = models::UpSampling::kTransposed;

  ClassWeightChoice class_weights_ = ClassWeightChoice::kNone;
  double dice_ = 0;
  std::int64_t tile_ = 0;  ///< side of what is evaluated at a time; 0: all
};

/// The commands that only this program has.
[[nodiscard]] std::vector<ProgramCommand> segmentation_commands();

/// Gives the pixels of images their classes.
int predict_masks_command(const Trainer& prototype, const Words& words);

}  // namespace expandnet::examples
