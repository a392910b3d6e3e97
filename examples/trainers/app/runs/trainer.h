// trainer.h: what tells one training program from another: its flags, nets and
// images. All else, from the command line to the report, is shared.
#pragma once

#include <expandnet/data/loading/batch_source.h>
#include <expandnet/tasks/task.h>
#include <expandnet/train/model.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "trainers/app/runs/trainee.h"
#include "trainers/app/settings/settings.h"

namespace CLI {
class App;
}

namespace expandnet::examples {

/// A file that a run's folder keeps of its images, so that an evaluation and a
/// run that goes on have the same.
struct KeptFile {
  std::string name;
  std::string content;
  std::string what;  ///< "anchors"
};

/// The images that a trainer's runs work on.
class Images {
 public:
  Images() = default;
  Images(const Images&) = delete;
  Images& operator=(const Images&) = delete;
  virtual ~Images() = default;

  [[nodiscard]] virtual std::int64_t classes() const = 0;
  /// In the order of their labels; empty where the data set's name says it.
  [[nodiscard]] virtual std::vector<std::string> class_names() const = 0;
  /// "45000 training, 5000 validation and 10000 test images"
  [[nodiscard]] virtual std::string in_words() const = 0;
  /// Lines about the data that the log begins with.
  [[nodiscard]] virtual std::vector<std::string> notes() const { return {}; }
  /// What a reader of the results has to know of the images.
  [[nodiscard]] virtual std::vector<std::string> notes_on_results() const {
    return {};
  }
  /// What a run keeps of them besides the names of the classes.
  [[nodiscard]] virtual std::vector<KeptFile> kept_files() const { return {}; }
  /// The batches of one run.
  [[nodiscard]] virtual RunData run_data(std::uint64_t seed) const = 0;
  /// Images in one of the trainer's `sets`.
  [[nodiscard]] virtual std::int64_t size_of(const std::string& set) const = 0;
  /// Its images as they are shown for evaluation.
  [[nodiscard]] virtual std::unique_ptr<data::BatchSource> batches_of(
      const std::string& set) const = 0;
  /// The training images at these places, sorted, likewise. Null where the
  /// program analyzes no runs.
  [[nodiscard]] virtual std::unique_ptr<data::BatchSource> training_images(
      const std::vector<std::int64_t>& /*places*/) const {
    return nullptr;
  }
};

/// A training program. Its members hold what the command line said.
class Trainer {
 public:
  Trainer() = default;
  Trainer& operator=(const Trainer&) = delete;
  virtual ~Trainer() = default;

  Settings settings;

  /// "expandnet-cifar"
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual std::unique_ptr<Trainer> clone() const = 0;

  /// Adds a flag for each member but `settings`.
  virtual void add_flags(CLI::App& app) = 0;
  /// Adds the flags of `evaluate` that only this program has.
  virtual void add_evaluation_flags(CLI::App& /*app*/) {}
  /// Sets the settings whose defaults depend on the command or on other flags
  /// ("--net"). Called when these are known; then all flags are read again.
  virtual void set_defaults(Command command) = 0;
  /// Throws `CLI::ValidationError` for what no single flag can say.
  virtual void check() const = 0;

  [[nodiscard]] virtual std::vector<std::string> recipes() const = 0;
  /// Sets that can be evaluated, the usual one first.
  [[nodiscard]] virtual std::vector<std::string> sets() const = 0;
  /// "SmallNet 7x7 on cifar10"
  [[nodiscard]] virtual std::string title() const = 0;
  /// What a reader of the results has to know of the evaluation; may be none.
  [[nodiscard]] virtual std::vector<std::string> notes() const = 0;

  /// What its nets are trained for on the images that it has loaded;
  /// classification, unless overridden.
  [[nodiscard]] virtual tasks::Task task(const Images& images,
                                         c10::Device device) const;
  /// Those of the task's metrics that are shown, the one that selects first;
  /// a classifier's, unless overridden.
  [[nodiscard]] virtual std::vector<tasks::Metric> metrics() const;

  /// Lines on what an evaluation has counted besides: the meter's scores of
  /// each class, if it has some, unless overridden.
  [[nodiscard]] virtual std::vector<std::string> details(
      const tasks::Meter& meter, const Images& images) const;

  /// Classes of a run in a folder, without its images.
  [[nodiscard]] virtual std::int64_t classes_of_run(
      const std::string& folder) const = 0;
  /// `run` is the folder of a run whose classes they must be; "": a new one.
  [[nodiscard]] virtual std::unique_ptr<Images> load_images(
      const Machine& machine, const std::string& run) const = 0;
  /// The file of TorchScript that holds the net; "": there is none.
  [[nodiscard]] virtual std::string script() const { return ""; }
  /// The compact net with new values, on the CPU.
  [[nodiscard]] virtual train::Model compact_net(
      std::int64_t classes) const = 0;
  /// A batch of one black image, of the shape the nets take.
  [[nodiscard]] virtual torch::Tensor example() const = 0;
  /// What trains of a recipe, on the machine.
  [[nodiscard]] virtual Trainee make_trainee(const std::string& recipe,
                                             std::int64_t classes,
                                             const Machine& machine) const = 0;
  /// The nonlinear twin that gives the chains of a recipe their initial values
  /// (`--init twin`), on the machine; nothing: these nets have none.
  [[nodiscard]] virtual std::optional<Trainee> make_twin(
      const std::string& /*recipe*/, std::int64_t /*classes*/,
      const Machine& /*machine*/) const {
    return std::nullopt;
  }

 protected:
  Trainer(const Trainer&) = default;
};

}  // namespace expandnet::examples
