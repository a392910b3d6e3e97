// checkpoints.h: the last and the best state of a run, on disk.
//
// Each is written whole or not at all (base/atomic_file.h), so that a run
// killed at any moment goes on from its last finished epoch, on the CPU to the
// same bits as if it had never stopped.
#pragma once

#include <c10/core/Device.h>
#include <expandnet/distributed/ranks.h>
#include <expandnet/train/training.h>
#include <torch/nn/module.h>
#include <torch/serialize/archive.h>

#include <functional>
#include <string>

namespace expandnet::train {

/// Keeps `last.pt` and `best.pt` in a folder. Give it to `Training::observe`.
/// Of ranks that train together, rank 0 alone reads and writes; the folder may
/// be on its machine. All of them have to make the same calls.
///
///     Checkpoints checkpoints("run", configuration);
///     if (checkpoints.has_last()) checkpoints.load_last(training);
///     training.observe(checkpoints);
class Checkpoints : public Observer {
 public:
  /// Whether the configuration that a checkpoint was saved with makes the run
  /// that `own` makes.
  using SameRun =
      std::function<bool(const std::string& saved, const std::string& own)>;

  /// `configuration` is whatever text makes two runs the same; it is stored
  /// with each checkpoint. Without `same_run` equal texts do.
  Checkpoints(std::string folder, std::string configuration,
              distributed::Ranks* ranks = nullptr, SameRun same_run = {});

  /// Saves both, the best where this epoch is.
  void on_epoch(const Training& training) override;
  /// Saves the last in the middle of an epoch.
  /// This and `on_epoch` throw `std::runtime_error` as AtomicFile does.
  void save_last(const Training& training) const;

  [[nodiscard]] bool has_last() const;
  [[nodiscard]] std::string last_path() const;
  [[nodiscard]] std::string best_path() const;

  /// Takes the run up where it was left.
  void load_last(Training& training) const;
  /// Loads the weights of the best epoch alone.
  /// Both throw `std::runtime_error` for a file that is no checkpoint or one of
  /// a later format, `c10::Error` for one of another configuration.
  void load_best(Training& training) const;

 private:
  void open(const std::string& path, c10::Device device,
            torch::serialize::InputArchive& archive) const;
  [[nodiscard]] bool writes() const;
  void keep_best() const;

  std::string folder_;
  std::string configuration_;
  distributed::Ranks* ranks_;
  SameRun same_run_;
};

/// Writes an archive into an AtomicFile. Throws `std::runtime_error` as that
/// does.
void save_atomically(torch::serialize::OutputArchive& archive,
                     const std::string& path);

/// Loads the weights of a checkpoint, whatever its configuration, into a model
/// on any device, its expansion and its average (null where it had none).
/// Throws `std::runtime_error` for a file that is no checkpoint, one of a later
/// format, or one of another model.
void load_weights(const std::string& path, torch::nn::Module& module,
                  Expansion* expansion, WeightAverage* average = nullptr);

}  // namespace expandnet::train
