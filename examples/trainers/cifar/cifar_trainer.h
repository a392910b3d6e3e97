// cifar_trainer.h: the flags, nets and images of expandnet-cifar.
#pragma once

#include <expandnet/models/small_net.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "trainers/app/runs/trainer.h"
#include "trainers/app/settings/training_images.h"

namespace expandnet::examples {

/// Defaults are the paper's.
class CifarTrainer : public Trainer {
 public:
  [[nodiscard]] std::string name() const override { return "expandnet-cifar"; }
  [[nodiscard]] std::unique_ptr<Trainer> clone() const override;

  void add_flags(CLI::App& app) override;
  void set_defaults(Command command) override;
  void check() const override;

  [[nodiscard]] std::vector<std::string> recipes() const override;
  [[nodiscard]] std::vector<std::string> sets() const override;
  [[nodiscard]] std::string title() const override;
  [[nodiscard]] std::vector<std::string> notes() const override;
  /// Accuracy: five of ten classes are no news.
  [[nodiscard]] std::vector<tasks::Metric> metrics() const override;

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
  [[nodiscard]] std::optional<TrainableModel> make_twin(
      const std::string& recipe, std::int64_t classes,
      const Machine& machine) const override;

 private:
  /// Whether it is one of the paper's nets for ImageNet.
  [[nodiscard]] bool is_mobile() const;
  [[nodiscard]] models::SmallNetOptions small_net_options(
      std::int64_t classes) const;
  [[nodiscard]] Selector selector_of(const std::string& recipe,
                                     bool twin) const;
  [[nodiscard]] train::Model expanded_modules(const std::string& recipe,
                                              std::int64_t classes,
                                              bool twin) const;

  std::string dataset_ = "cifar10";
  std::string net_ = "smallnet";
  std::int64_t kernel_ = 7;
  std::string first_layer_ = "kept";
  std::int64_t validation_ = 5000;  ///< images set apart
  TrainingImages training_;         ///< its seed is that of the split
  std::int64_t padding_ = 4;        ///< of the random crop; 0: none
  bool flip_ = true;
};

}  // namespace expandnet::examples
