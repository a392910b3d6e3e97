#include "data/loading/prefetch.h"

#include <string>
#include <utility>

#include "base/error.h"

namespace expandnet::data {

Prefetch::Prefetch(int workers, std::int64_t window, CountItems count_items,
                   Work work)
    : count_items_(std::move(count_items)),
      work_(std::move(work)),
      window_(window) {
  if (workers < 1 || window < 1) {
    throw_argument_error(
        "Prefetch", "workers and window must be positive",
        std::to_string(workers) + " and " + std::to_string(window));
  }
  threads_.reserve(static_cast<std::size_t>(workers));
  try {
    for (int i = 0; i < workers; ++i) {
      threads_.emplace_back([this] { run(); });
    }
  } catch (const std::exception& error) {  // of the system, or no memory
    stop();
    throw_file_error("Prefetch", "the system must start all workers",
                     std::to_string(threads_.size()) + " of " +
                         std::to_string(workers) + " (" + error.what() + ")",
                     "ask for fewer");
  }
}

Prefetch::~Prefetch() { stop(); }

void Prefetch::stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  may_work_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Prefetch::start(std::int64_t first, std::int64_t end) {
  std::unique_lock<std::mutex> lock(mutex_);
  end_ = 0;  // nobody takes anything more
  is_done_.wait(lock, [this] { return working_ == 0; });
  batches_.clear();
  next_batch_ = first;
  next_item_ = 0;
  end_ = end;
  lock.unlock();
  may_work_.notify_all();
}

bool Prefetch::find_next() {
  while (next_batch_ < end_) {
    auto found = batches_.find(next_batch_);
    if (found == batches_.end()) {
      if (static_cast<std::int64_t>(batches_.size()) == window_) return false;
      Progress progress;
      progress.left = count_items_(next_batch_);
      found = batches_.emplace(next_batch_, progress).first;
      if (progress.left == 0) is_done_.notify_all();
      next_item_ = 0;
    }
    if (next_item_ < count_items_(next_batch_)) return true;
    ++next_batch_;
    next_item_ = 0;
  }
  return false;
}

void Prefetch::run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    may_work_.wait(lock, [this] { return stopping_ || find_next(); });
    if (stopping_) return;
    const auto batch = next_batch_;
    const auto item = next_item_++;
    ++working_;
    lock.unlock();
    std::exception_ptr failure;
    try {
      work_(batch, item);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    --working_;
    auto& progress = batches_.at(batch);
    if (failure != nullptr &&
        (progress.failure == nullptr || item < progress.failed_item)) {
      progress.failure = failure;
      progress.failed_item = item;
    }
    // The next item is looked for before the lock is given up, so a batch that
    // can be released is never the one that items are taken of.
    if (--progress.left == 0 || working_ == 0) is_done_.notify_all();
  }
}

void Prefetch::wait(std::int64_t batch) {
  std::unique_lock<std::mutex> lock(mutex_);
  is_done_.wait(lock, [&] {
    const auto found = batches_.find(batch);
    return found != batches_.end() && found->second.left == 0;
  });
  const auto failure = batches_.at(batch).failure;
  if (failure != nullptr) std::rethrow_exception(failure);
}

void Prefetch::release(std::int64_t batch) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    batches_.erase(batch);
  }
  may_work_.notify_all();
}

}  // namespace expandnet::data
