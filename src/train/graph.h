// graph.h: a training step as a CUDA graph, and concurrent work on streams.
//
// This header includes no CUDA header: LibTorch builds without CUDA link an
// implementation that never creates these objects.
#pragma once

#include <expandnet/data/loading/tensors.h>
#include <torch/types.h>

#include <functional>
#include <memory>

namespace expandnet::train {

class StepGraph {
 public:
  virtual ~StepGraph() = default;
  /// Copies the batch into the captured inputs, runs the captured step and
  /// returns its loss.
  virtual torch::Tensor replay(const torch::Tensor& input,
                               const data::Tensors& targets) = 0;
  /// Whether the batch has the shapes and dtypes of the captured one.
  [[nodiscard]] virtual bool accepts(const torch::Tensor& input,
                                     const data::Tensors& targets) const = 0;
};

/// A few CUDA streams, used in turn. Work that runs on them during a capture
/// becomes part of the graph.
class SideStreams {
 public:
  virtual ~SideStreams() = default;
  /// Runs `work` on the next stream, after everything queued on the current
  /// one.
  virtual void run(const std::function<void()>& work) = 0;
  /// Makes the current stream wait for all work that was run.
  virtual void join() = 0;
  /// Does the same after a failure, when there may be nothing to wait for;
  /// ignores errors.
  void abandon() noexcept;
};

/// Null in a build without the CUDA layer.
std::unique_ptr<SideStreams> side_streams();

/// A step to be captured, on the tensors that every replay reads.
using CapturedStep = std::function<torch::Tensor(const torch::Tensor& input,
                                                 const data::Tensors& targets)>;

/// Whether this build can capture steps.
bool can_capture();

/// Runs `step` on the stream that is used for capture. Eager steps before a
/// capture must run there too, because autograd remembers the stream of its
/// nodes.
torch::Tensor run_beside(const CapturedStep& step, const torch::Tensor& input,
                         const data::Tensors& targets);

/// Captures `step` without running it.
std::unique_ptr<StepGraph> capture(const CapturedStep& step,
                                   const torch::Tensor& input,
                                   const data::Tensors& targets);

}  // namespace expandnet::train
