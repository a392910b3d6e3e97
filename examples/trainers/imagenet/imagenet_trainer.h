// imagenet_trainer.h: the flags, nets and images of expandnet-imagenet.
#pragma once

#include <expandnet/data/loading/folder_batches.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "trainers/app/runs/trainer.h"
#include "trainers/app/settings/training_images.h"

namespace expandnet::examples {

/// Defaults are the paper's for each net, but for ShuffleNetV2's epochs: 240,
/// in which a batch of 1024 takes the 300,000 iterations of its schedule.
class ImageNetTrainer : public Trainer {
 public:
  ImageNetTrainer() {
    settings.by_ranks = true;
    // As images are read.
    settings.memory_format = MemoryFormatChoice::kChannelsLast;
  }

  [[nodiscard]] std::string name() const override {
    return "expandnet-imagenet";
  }
  [[nodiscard]] std::unique_ptr<Trainer> clone() const override;

  void add_flags(CLI::App& app) override;
  void add_evaluation_flags(CLI::App& app) override;
  void set_defaults(Command command) override;
  void check() const override;

  [[nodiscard]] std::vector<std::string> recipes() const override;
  [[nodiscard]] std::vector<std::string> sets() const override;
  [[nodiscard]] std::string title() const override;
  [[nodiscard]] std::vector<std::string> notes() const override;

  [[nodiscard]] std::int64_t classes_of_run(
      const std::string& folder) const override;
  [[nodiscard]] std::unique_ptr<Images> load_images(
      const Machine& machine, const std::string& run) const override;
  [[nodiscard]] torch::Tensor example() const override;
  [[nodiscard]] std::string script() const override;
  [[nodiscard]] train::Model compact_net(std::int64_t classes) const override;
  [[nodiscard]] TrainableModel make_trainable(
      const std::string& recipe, std::int64_t classes,
      const Machine& machine) const override;

 private:
  /// How images are read, in training and evaluation.
  void add_reading_flags(CLI::App& app);

  std::string net_ = "mobilenet_v1";
  double width_ = 0;  ///< of the channels; 0: the net's own
  std::int64_t image_size_ = 224;
  std::int64_t resize_ = 256;  ///< short side, of which evaluation sees a part
  double min_area_ = 0.08;     ///< of a random crop, as a share of the image
  TrainingImages training_;
  std::string val_list_;      ///< "": val has a folder for each class
  std::int64_t workers_ = 0;  ///< threads that read images; 0: the cores
  data::OnBadImage on_bad_image_ = data::OnBadImage::kStop;
};

}  // namespace expandnet::examples
