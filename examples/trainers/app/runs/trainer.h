// trainer.h: the interface of a training program: its flags, nets and images.
// Everything else, from the command line to the report, is shared.
#pragma once

#include <expandnet/data/loading/batch_source.h>
#include <expandnet/tasks/task.h>
#include <expandnet/train/model.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "trainers/app/runs/trainable_model.h"
#include "trainers/app/settings/settings.h"

namespace CLI {
class App;
}

namespace expandnet::examples {

/// A file about the images that is kept in a run's folder, so that a resumed
/// run and an evaluation use the same values.
struct KeptFile {
  std::string name;
  std::string content;
  std::string what;         ///< "anchors"
  std::string remedy = {};  ///< where a run began with another
};

/// The images that a trainer's runs use.
class Images {
 public:
  Images() = default;
  Images(const Images&) = delete;
  Images& operator=(const Images&) = delete;
  virtual ~Images() = default;

  [[nodiscard]] virtual std::int64_t classes() const = 0;
  /// In the order of their labels; empty if the data set's name implies them.
  [[nodiscard]] virtual std::vector<std::string> class_names() const = 0;
  /// Returns "45000 training, 5000 validation and 10000 test images".
  [[nodiscard]] virtual std::string in_words() const = 0;
  /// Lines about the data at the start of the log.
  [[nodiscard]] virtual std::vector<std::string> notes() const { return {}; }
  /// What readers of the results must know about the images.
  [[nodiscard]] virtual std::vector<std::string> notes_on_results() const {
    return {};
  }
  /// The files that a run keeps about them, in addition to the names of the
  /// classes.
  [[nodiscard]] virtual std::vector<KeptFile> kept_files() const { return {}; }
  /// Makes the batches of one run.
  [[nodiscard]] virtual RunData run_data(std::uint64_t seed) const = 0;
  /// Number of images in one of the trainer's `sets`.
  [[nodiscard]] virtual std::int64_t size_of(const std::string& set) const = 0;
  /// The batches of a set for evaluation.
  [[nodiscard]] virtual std::unique_ptr<data::BatchSource> batches_of(
      const std::string& set) const = 0;
  /// The training images with these sorted indices, as batches for evaluation.
  /// Null if the program analyzes no runs.
  [[nodiscard]] virtual std::unique_ptr<data::BatchSource> training_images(
      const std::vector<std::int64_t>& /*places*/) const {
    return nullptr;
  }
};

/// A training program. Its members hold the values of the command line.
class Trainer {
 public:
  Trainer() = default;
  Trainer& operator=(const Trainer&) = delete;
  virtual ~Trainer() = default;

  Settings settings;

  /// "expandnet-cifar"
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual std::unique_ptr<Trainer> clone() const = 0;

  /// Adds a flag for each member except `settings`.
  virtual void add_flags(CLI::App& app) = 0;
  /// Whether its nets can be evaluated in eight bits. Otherwise --int8 must be
  /// none, and --help does not show it.
  [[nodiscard]] virtual bool has_int8() const { return true; }
  /// Adds the flags that only this program's `evaluate` has.
  virtual void add_evaluation_flags(CLI::App& /*app*/) {}
  /// Sets the settings whose defaults depend on the command or on other flags
  /// ("--net"). Called when these are known; afterwards all flags are parsed
  /// again.
  virtual void set_defaults(Command command) = 0;
  /// Throws `CLI::ValidationError` for values that are wrong only in
  /// combination.
  virtual void check() const = 0;

  [[nodiscard]] virtual std::vector<std::string> recipes() const = 0;
  /// Sets that can be evaluated, the default one first.
  [[nodiscard]] virtual std::vector<std::string> sets() const = 0;
  /// "SmallNet 7x7 on cifar10"
  [[nodiscard]] virtual std::string title() const = 0;
  /// What readers of the results must know about the evaluation; may be empty.
  [[nodiscard]] virtual std::vector<std::string> notes() const = 0;

  /// The task of the nets on the loaded images; classification by default.
  [[nodiscard]] virtual tasks::Task task(const Images& images,
                                         c10::Device device) const;
  /// The task's metrics that are shown, the one that selects first; by default
  /// those of a classifier.
  [[nodiscard]] virtual std::vector<tasks::Metric> metrics() const;

  /// Additional lines about an evaluation; by default the meter's scores of
  /// each class, if it has any.
  [[nodiscard]] virtual std::vector<std::string> details(
      const tasks::Meter& meter, const Images& images) const;

  /// Number of classes of the run in a folder, without loading its images.
  [[nodiscard]] virtual std::int64_t classes_of_run(
      const std::string& folder) const = 0;
  /// `run` is the folder of a run, whose classes the images must have; "": a
  /// new run.
  [[nodiscard]] virtual std::unique_ptr<Images> load_images(
      const Machine& machine, const std::string& run) const = 0;
  /// The TorchScript file with the net; "" if there is none.
  [[nodiscard]] virtual std::string script() const { return ""; }
  /// Makes the compact net with new initial values, on the CPU.
  [[nodiscard]] virtual train::Model compact_net(
      std::int64_t classes) const = 0;
  /// A batch of one black image, in the shape that the nets take.
  [[nodiscard]] virtual torch::Tensor example() const = 0;
  /// Makes the trainable model of a recipe, on the machine.
  [[nodiscard]] virtual TrainableModel make_trainable(
      const std::string& recipe, std::int64_t classes,
      const Machine& machine) const = 0;
  /// Makes the nonlinear twin that gives the chains of a recipe their initial
  /// values (`--init twin`), on the machine; empty if these nets have none.
  [[nodiscard]] virtual std::optional<TrainableModel> make_twin(
      const std::string& /*recipe*/, std::int64_t /*classes*/,
      const Machine& /*machine*/) const {
    return std::nullopt;
  }

 protected:
  Trainer(const Trainer&) = default;
};

}  // namespace expandnet::examples
