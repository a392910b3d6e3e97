// meter.h: adds up a task's metrics, batch by batch.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <expandnet/data/loading/tensors.h>
#include <expandnet/tasks/class_scores.h>
#include <expandnet/tasks/metrics.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace expandnet::tasks {

/// Sums that give a task's metrics. They are in one tensor on the device, added
/// to in place, so that no batch has to be waited for, a captured step can add
/// to them, and processes can add up theirs. A task derives from it.
class Meter {
 public:
  virtual ~Meter() = default;
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  /// What it counts besides "loss". The highest value of the first selects an
  /// epoch.
  [[nodiscard]] const std::vector<Metric>& metrics() const { return metrics_; }
  [[nodiscard]] c10::Device device() const { return sums_.device(); }

  /// The mean loss of a batch that evaluations report: without smoothing, and
  /// without a teacher.
  [[nodiscard]] virtual at::Tensor loss(const data::Tensors& output,
                                        const data::Tensors& targets) const = 0;
  /// Adds a batch: its mean loss, what the model made of it, and what was
  /// meant.
  virtual void add(const at::Tensor& loss, const data::Tensors& output,
                   const data::Tensors& targets) = 0;
  /// "loss" first, then the others. Waits for the device. Not a number before
  /// the first `add`.
  [[nodiscard]] virtual Metrics result() const = 0;
  /// The metric that selects, or what it is a mean of, class by class, for
  /// reports; nothing where a task does not tell. Waits for the device.
  [[nodiscard]] virtual std::optional<ClassScores> class_scores() const {
    return std::nullopt;
  }

  /// Sets all sums to zero. A meter of rows drops those, too.
  virtual void reset();
  /// The sums, to be saved, restored and added to those of other processes; a
  /// tensor of doubles.
  [[nodiscard]] const at::Tensor& sums() const { return sums_; }
  void set_sums(const at::Tensor& sums);

  /// What no sum holds: records that are ranked in the end, such as
  /// detections. A matrix of doubles on the CPU, a row a record, in the order
  /// in which they came; undefined: the sums are all. An evaluation by several
  /// processes puts the rows of all one after another.
  [[nodiscard]] virtual at::Tensor rows() const { return {}; }
  virtual void set_rows(const at::Tensor& /*rows*/) {}

 protected:
  Meter(std::vector<Metric> metrics, at::Tensor sums);

 private:
  std::vector<Metric> metrics_;
  at::Tensor sums_;
};

/// Makes a task's meter for a device.
using MeterFactory = std::function<std::unique_ptr<Meter>(c10::Device)>;

}  // namespace expandnet::tasks
