// batch_source.h: where training and evaluation get their batches.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/data/loading/tensors.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::data {

/// What one step works on, on the device that trains.
struct Batch {
  at::Tensor images;  ///< floats [n, C, H, W]
  Tensors targets;    ///< what a task is about: labels int64 [n], boxes, masks
};

/// The batches of one epoch after another. What an epoch holds depends on its
/// number alone, so a run can be resumed, in the middle of an epoch too.
class BatchSource {
 public:
  BatchSource() = default;
  BatchSource(const BatchSource&) = default;
  BatchSource(BatchSource&&) = default;
  BatchSource& operator=(const BatchSource&) = default;
  BatchSource& operator=(BatchSource&&) = default;
  virtual ~BatchSource() = default;

  /// Makes the batches those of `epoch`, counted from 0.
  virtual void start_epoch(std::int64_t epoch) = 0;
  /// Batches in an epoch.
  [[nodiscard]] virtual std::int64_t size() const = 0;
  /// Throws `c10::Error` unless 0 <= index < size().
  [[nodiscard]] virtual Batch batch(std::int64_t index) = 0;
  /// Files that could not be read so far and were left out, each once per
  /// epoch.
  [[nodiscard]] virtual std::vector<std::string> skipped() const { return {}; }
};

}  // namespace expandnet::data
