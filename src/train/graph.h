// graph.h: a training step as a CUDA graph, and work beside it.
//
// Declared without a CUDA header: LibTorch builds without CUDA link a version
// that is never made.
#pragma once

#include <expandnet/data/loading/tensors.h>
#include <torch/types.h>

#include <functional>
#include <memory>

namespace expandnet::train {

class StepGraph {
 public:
  virtual ~StepGraph() = default;
  /// Copies the batch in, runs the captured step and returns its loss.
  virtual torch::Tensor replay(const torch::Tensor& input,
                               const data::Tensors& targets) = 0;
  /// Whether the batch has the shapes and dtypes of the captured one.
  [[nodiscard]] virtual bool accepts(const torch::Tensor& input,
                                     const data::Tensors& targets) const = 0;
};

/// A few streams that take work in turn. What is put on them while a stream is
/// captured becomes part of its graph.
class SideStreams {
 public:
  virtual ~SideStreams() = default;
  /// Puts `work` on the next stream, after all that is on the current one.
  virtual void run(const std::function<void()>& work) = 0;
  /// Makes the current streams wait for all that was run.
  virtual void join() = 0;
  /// The same after a failure, which may have left nothing to wait for.
  void abandon() noexcept;
};

/// Null in a build that has no CUDA layer.
std::unique_ptr<SideStreams> side_streams();

/// The step to capture, on the tensors that every replay reads.
using CapturedStep = std::function<torch::Tensor(const torch::Tensor& input,
                                                 const data::Tensors& targets)>;

/// Whether this build can capture.
bool can_capture();

/// Runs `step` on the stream that captures. Eager steps before a capture belong
/// there too: autograd remembers the stream of its nodes.
torch::Tensor run_beside(const CapturedStep& step, const torch::Tensor& input,
                         const data::Tensors& targets);

/// Captures `step` without running it.
std::unique_ptr<StepGraph> capture(const CapturedStep& step,
                                   const torch::Tensor& input,
                                   const data::Tensors& targets);

}  // namespace expandnet::train
