// batch_source.h: the source of batches for training and evaluation.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>
#include <expandnet/data/loading/tensors.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::data {

/// The input of one step, on the training device.
struct Batch {
  at::Tensor images;  ///< floats [n, C, H, W]
  Tensors targets;    ///< the task's: labels int64 [n], boxes, masks
};

/// Batches of one epoch after another. The content of an epoch depends only on
/// its number, so a run can be resumed, even in the middle of an epoch.
class EXPANDNET_API BatchSource {
 public:
  BatchSource() = default;
  BatchSource(const BatchSource&) = default;
  BatchSource(BatchSource&&) = default;
  BatchSource& operator=(const BatchSource&) = default;
  BatchSource& operator=(BatchSource&&) = default;
  virtual ~BatchSource() = default;

  /// Sets the epoch of the batches, counted from 0.
  virtual void start_epoch(std::int64_t epoch) = 0;
  /// Number of batches in an epoch.
  [[nodiscard]] virtual std::int64_t size() const = 0;
  /// Throws `c10::Error` unless 0 <= index < size().
  [[nodiscard]] virtual Batch batch(std::int64_t index) = 0;
  /// Files that could not be read so far and were left out, each once per
  /// epoch.
  [[nodiscard]] virtual std::vector<std::string> skipped() const { return {}; }
};

}  // namespace expandnet::data
