// checkpoints.h: saves the last and the best state of a run to disk.
//
// Each file is written whole or not at all (base/atomic_file.h). A run that is
// killed at any moment continues from its last checkpoint; on the CPU it
// computes the same bits as a run that was never stopped.
#pragma once

#include <c10/core/Device.h>
#include <expandnet/base/export.h>
#include <expandnet/distributed/process_group.h>
#include <expandnet/train/training.h>
#include <torch/nn/module.h>
#include <torch/serialize/archive.h>

#include <functional>
#include <string>

namespace expandnet::train {

/// Keeps `last.pt` and `best.pt` in a folder; pass it to `Training::observe`.
/// When several ranks train together, only rank 0 reads and writes, so the
/// folder may be on its machine only; all ranks must make the same calls.
///
///     Checkpoints checkpoints("run", configuration);
///     if (checkpoints.has_last()) checkpoints.load_last(training);
///     training.observe(checkpoints);
class EXPANDNET_API Checkpoints : public Observer {
 public:
  /// Whether the configuration stored in a checkpoint describes the same run as
  /// the configuration `own`.
  using SameRun =
      std::function<bool(const std::string& saved, const std::string& own)>;

  /// `configuration` is any text that identifies a run; it is stored in each
  /// checkpoint. Without `same_run`, two runs are the same if the texts are
  /// equal.
  Checkpoints(std::string folder, std::string configuration,
              distributed::ProcessGroup* ranks = nullptr,
              SameRun same_run = {});

  /// Saves `last.pt` and, if this epoch is the best so far, `best.pt`.
  void on_epoch(const Training& training) override;
  /// Saves `last.pt`, also in the middle of an epoch. Throws
  /// `std::runtime_error` as AtomicFile does; so does `on_epoch`.
  void save_last(const Training& training) const;

  [[nodiscard]] bool has_last() const;
  [[nodiscard]] std::string last_path() const;
  [[nodiscard]] std::string best_path() const;

  /// Restores the run from `last.pt`.
  void load_last(Training& training) const;
  /// Loads only the weights, from `best.pt`. Both functions throw
  /// `std::runtime_error` for a file that is not a checkpoint or has a later
  /// format version, and `c10::Error` for a checkpoint of another
  /// configuration.
  void load_best(Training& training) const;

 private:
  void open(const std::string& path, c10::Device device,
            torch::serialize::InputArchive& archive) const;
  [[nodiscard]] bool writes() const;
  void keep_best() const;

  std::string folder_;
  std::string configuration_;
  distributed::ProcessGroup* ranks_;
  SameRun same_run_;
};

/// Writes an archive through an AtomicFile, and throws `std::runtime_error` as
/// AtomicFile does.
EXPANDNET_API void save_atomically(torch::serialize::OutputArchive& archive,
                                   const std::string& path);

/// Loads the weights of a checkpoint into a model on any device, its expansion
/// and its average; pass null for those that the run did not have. The
/// configuration is not compared. Throws `std::runtime_error` for a file that
/// is not a checkpoint, has a later format version, or belongs to another
/// model.
EXPANDNET_API void load_weights(const std::string& path,
                                torch::nn::Module& module, Expansion* expansion,
                                ExponentialMovingAverage* average = nullptr);

}  // namespace expandnet::train
