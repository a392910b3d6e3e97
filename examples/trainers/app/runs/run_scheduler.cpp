#include "trainers/app/runs/run_scheduler.h"

#include <ATen/Parallel.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/cuda.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace expandnet::examples {

namespace {

class ThreadScheduler : public RunScheduler {
 public:
  void train(RunQueue& queue) override {
    std::vector<std::thread> threads;
    try {
      for (std::int64_t job = 0; job < queue.machine().jobs; ++job) {
        threads.emplace_back([this, &queue] { work(queue); });
      }
    } catch (...) {
      keep_failure(queue);
    }
    for (auto& thread : threads) thread.join();
    if (failure_ != nullptr) std::rethrow_exception(failure_);
  }

 private:
  /// One thread's: a run after another.
  void work(RunQueue& queue) try {
    at::set_num_threads(queue.machine().threads);  // this thread's
    while (const auto queued = queue.next(/*may_wait=*/true)) {
      while (queue.goes_on(*queued)) queue.step(*queued);
      queue.end(*queued);
    }
  } catch (...) {
    keep_failure(queue);
  }

  void keep_failure(RunQueue& queue) {
    const std::lock_guard<std::mutex> lock(failing_);
    if (failure_ == nullptr) failure_ = std::current_exception();
    queue.stop();
  }

  std::mutex failing_;
  std::exception_ptr failure_;  ///< the first
};

class TurnScheduler : public RunScheduler {
 public:
  void train(RunQueue& queue) override try {
    const auto device = queue.machine().device;
    fill(queue);
    // What has been made on the default stream is there for all others.
    torch::cuda::synchronize(device.index());
    while (!turns_.empty()) {
      auto turn = std::move(turns_.front());
      turns_.pop_front();
      const c10::StreamGuard guard(turn.stream);
      if (queue.goes_on(*turn.queued)) {
        queue.step(*turn.queued);
        turns_.push_back(std::move(turn));
        continue;
      }
      queue.end(*turn.queued);
      turn.queued.reset();
      const c10::StreamGuard default_stream(
          c10::impl::VirtualGuardImpl(device.type()).getDefaultStream(device));
      fill(queue);
      torch::cuda::synchronize(device.index());
    }
  } catch (...) {
    for (auto& turn : turns_) {
      if (turn.queued->run.between_updates()) queue.leave(*turn.queued);
    }
    throw;
  }

 private:
  struct Turn {
    std::unique_ptr<QueuedRun> queued;
    c10::Stream stream;
  };

  void fill(RunQueue& queue) {
    const auto& machine = queue.machine();
    const c10::impl::VirtualGuardImpl streams(machine.device.type());
    while (turns_.size() < static_cast<std::size_t>(machine.jobs)) {
      // What averages gradients belongs to the stream that it is made on.
      const auto stream = machine.ranks
                              ? streams.getDefaultStream(machine.device)
                              : streams.getStreamFromGlobalPool(machine.device);
      auto queued = queue.next(/*may_wait=*/turns_.empty());
      if (queued == nullptr) return;
      turns_.push_back({std::move(queued), stream});
    }
  }

  std::deque<Turn> turns_;
};

}  // namespace

std::unique_ptr<RunScheduler> make_scheduler(const Machine& machine) {
  if (machine.device.is_cuda()) return std::make_unique<TurnScheduler>();
  return std::make_unique<ThreadScheduler>();
}

}  // namespace expandnet::examples
