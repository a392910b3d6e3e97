// meter.h: adds up a task's metrics, batch by batch.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <expandnet/base/export.h>
#include <expandnet/data/loading/tensors.h>
#include <expandnet/tasks/class_scores.h>
#include <expandnet/tasks/metrics.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace expandnet::tasks {

/// Sums from which a task's metrics are computed; each task derives its own
/// class. The sums are in one tensor on the device and updated in place, so
/// that adding a batch does not synchronize, a captured step can add to them,
/// and the sums of several processes can be added up.
class EXPANDNET_API Meter {
 public:
  virtual ~Meter() = default;
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  /// The metrics it computes in addition to "loss". The first one selects the
  /// best epoch: the highest value wins.
  [[nodiscard]] const std::vector<Metric>& metrics() const { return metrics_; }
  [[nodiscard]] c10::Device device() const { return sums_.device(); }

  /// The mean loss of a batch as evaluations report it: without label smoothing
  /// and without a teacher.
  [[nodiscard]] virtual at::Tensor loss(const data::Tensors& output,
                                        const data::Tensors& targets) const = 0;
  /// Adds a batch: its mean loss, the model's output, and the targets.
  virtual void add(const at::Tensor& loss, const data::Tensors& output,
                   const data::Tensors& targets) = 0;
  /// All metrics, "loss" first. Synchronizes with the device. NaN before the
  /// first `add`.
  [[nodiscard]] virtual Metrics result() const = 0;
  /// Class by class, the metric that selects an epoch, or the values that it is
  /// a mean of; used in reports. Empty if the task has no such values.
  /// Synchronizes with the device.
  [[nodiscard]] virtual std::optional<ClassScores> class_scores() const {
    return std::nullopt;
  }

  /// Sets all sums to zero and drops all rows.
  virtual void reset();
  /// The sums, an fp64 tensor that can be saved, restored and added to those of
  /// other processes.
  [[nodiscard]] const at::Tensor& sums() const { return sums_; }
  void set_sums(const at::Tensor& sums);

  /// Records that cannot be summed because they are ranked in the end, such as
  /// detections: an fp64 CPU matrix with one row per record, in the order in
  /// which they were added. Undefined: there are only sums. An evaluation by
  /// several processes concatenates the rows of all.
  [[nodiscard]] virtual at::Tensor rows() const { return {}; }
  virtual void set_rows(const at::Tensor& /*rows*/) {}

 protected:
  Meter(std::vector<Metric> metrics, at::Tensor sums);

 private:
  std::vector<Metric> metrics_;
  at::Tensor sums_;
};

/// Makes the meter of a task on a device.
using MeterFactory = std::function<std::unique_ptr<Meter>(c10::Device)>;

}  // namespace expandnet::tasks
