#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <map>
#include <vector>

#include "train/graph.h"

namespace expandnet::train {

namespace {

/// One stream per device for all captures and what leads to them.
c10::cuda::CUDAStream capture_stream(c10::DeviceIndex device) {
  thread_local std::map<c10::DeviceIndex, c10::cuda::CUDAStream> streams;
  const auto found = streams.find(device);
  if (found != streams.end()) return found->second;
  const auto stream =
      c10::cuda::getStreamFromPool(/*isHighPriority=*/true, device);
  streams.emplace(device, stream);
  return stream;
}

/// Makes `waiter` wait for all that is queued on `stream`.
void wait_for(const c10::cuda::CUDAStream& stream,
              const c10::cuda::CUDAStream& waiter) {
  at::cuda::CUDAEvent event;
  event.record(stream);
  event.block(waiter);
}

class CudaSideStreams : public SideStreams {
 public:
  void run(const std::function<void()>& work) override {
    const auto current = c10::cuda::getCurrentCUDAStream();
    const auto side = next(current.device_index());
    wait_for(current, side);
    const c10::cuda::CUDAStreamGuard guard(side);
    work();
  }

  void join() override {
    for (auto& [device, streams] : streams_) {
      const auto current = c10::cuda::getCurrentCUDAStream(device);
      const auto used = std::min(streams.turn, streams.all.size());
      for (std::size_t i = 0; i < used; ++i) wait_for(streams.all[i], current);
      streams.turn = 0;
    }
  }

 private:
  /// More than run at once next to a backward pass that fills the device.
  static constexpr std::size_t kCount = 4;

  struct Streams {
    std::vector<c10::cuda::CUDAStream> all;
    std::size_t turn = 0;  ///< runs since they were joined
  };

  c10::cuda::CUDAStream next(c10::DeviceIndex device) {
    auto& streams = streams_[device];
    while (streams.all.size() < kCount) {
      streams.all.push_back(
          c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device));
    }
    return streams.all[streams.turn++ % kCount];
  }

  std::map<c10::DeviceIndex, Streams> streams_;
};

/// Whether `action` came to its end.
template <typename Action>
bool succeeds(const Action& action) noexcept {
  try {
    action();
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

class CudaGraph : public StepGraph {
 public:
  CudaGraph(const CapturedStep& step, const torch::Tensor& input,
            const data::Tensors& targets)
      : input_(input.clone()) {
    std::vector<torch::Tensor> copies;
    for (const auto& target : targets.all()) copies.push_back(target.clone());
    targets_ = std::move(copies);
    const auto device = input.device().index();
    const auto stream = capture_stream(device);
    wait_for(c10::cuda::getCurrentCUDAStream(device), stream);
    const c10::cuda::CUDAStreamGuard guard(stream);
    stream.synchronize();
    // What is cached cannot go back to the device during a capture.
    c10::cuda::CUDACachingAllocator::emptyCache();
    // LibTorch keeps cuBLAS's workspaces by stream. A graph needs its own, as
    // others that are captured on this stream may run at the same time.
    at::cuda::clearCublasWorkspaces();
    const auto pool = at::cuda::graph_pool_handle();
    try {
      begin(graph_, pool);
      loss_ = step(input_, targets_);
      graph_.capture_end();
    } catch (...) {
      abandon(device, pool);
      throw;
    }
    at::cuda::clearCublasWorkspaces();
  }

  torch::Tensor replay(const torch::Tensor& input,
                       const data::Tensors& targets) override {
    input_.copy_(input, /*non_blocking=*/true);
    for (std::size_t i = 0; i < targets_.all().size(); ++i) {
      targets_.all()[i].copy_(targets.all()[i], /*non_blocking=*/true);
    }
    graph_.replay();
    return loss_;
  }

  [[nodiscard]] bool accepts(const torch::Tensor& input,
                             const data::Tensors& targets) const override {
    const auto& own = targets_.all();
    return is_like(input, input_) &&
           std::equal(own.begin(), own.end(), targets.all().begin(),
                      targets.all().end(), is_like);
  }

 private:
  static bool is_like(const torch::Tensor& a, const torch::Tensor& b) {
    return a.sizes() == b.sizes() && a.scalar_type() == b.scalar_type();
  }

  /// Threads that read batches may allocate meanwhile.
  static void begin(at::cuda::CUDAGraph& graph, at::cuda::MempoolId_t pool) {
    graph.capture_begin(pool, cudaStreamCaptureModeThreadLocal);
  }

  /// Ends a capture that has failed, before anything else uses the device.
  void abandon(c10::DeviceIndex device, at::cuda::MempoolId_t pool) noexcept {
    namespace allocator = c10::cuda::CUDACachingAllocator;
    if (!succeeds([&] { graph_.capture_end(); })) {
      // LibTorch leaves its allocator and generator in the capture then. The
      // generator leaves it with one that succeeds.
      succeeds([&] {
        allocator::endAllocateToPool(device, pool);
        allocator::releasePool(device, pool);
      });
      succeeds([&] {
        at::cuda::CUDAGraph trivial;
        begin(trivial, at::cuda::graph_pool_handle());
        input_.zero_();
        trivial.capture_end();
      });
    }
    succeeds(at::cuda::clearCublasWorkspaces);
  }

  torch::Tensor input_;
  data::Tensors targets_;
  torch::Tensor loss_;
  at::cuda::CUDAGraph graph_;
};

}  // namespace

bool can_capture() { return true; }

std::unique_ptr<SideStreams> side_streams() {
  return std::make_unique<CudaSideStreams>();
}

torch::Tensor run_beside(const CapturedStep& step, const torch::Tensor& input,
                         const data::Tensors& targets) {
  const auto device = input.device().index();
  const auto current = c10::cuda::getCurrentCUDAStream(device);
  const auto stream = capture_stream(device);
  wait_for(current, stream);
  torch::Tensor loss;
  {
    const c10::cuda::CUDAStreamGuard guard(stream);
    loss = step(input, targets);
  }
  wait_for(stream, current);
  return loss;
}

std::unique_ptr<StepGraph> capture(const CapturedStep& step,
                                   const torch::Tensor& input,
                                   const data::Tensors& targets) {
  return std::make_unique<CudaGraph>(step, input, targets);
}

}  // namespace expandnet::train
