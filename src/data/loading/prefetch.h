// prefetch.h: worker threads that make batches before they are requested.
//
// Needs no LibTorch: the caller decides what a batch consists of and where it
// is stored.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace expandnet::data {

/// Processes the items of a sequence of batches, in order, at most `window`
/// batches ahead. The result does not depend on which thread processes which
/// item.
///
///     Prefetch prefetch(4, 3, count_items, [&](batch, item) { decode(...); });
///     prefetch.start(0, batches);
///     for (batch = 0; batch < batches; ++batch) {
///       prefetch.wait(batch);  // all of its items are done
///       use(batch);
///       prefetch.release(batch);  // its memory may be used again
///     }
class Prefetch {
 public:
  using CountItems = std::function<std::int64_t(std::int64_t batch)>;
  using Work = std::function<void(std::int64_t batch, std::int64_t item)>;

  /// `work` is called by several threads at once, once per item. Throws
  /// `c10::Error` unless workers and window are positive, and
  /// `std::runtime_error` if the system cannot start the threads.
  Prefetch(int workers, std::int64_t window, CountItems count_items, Work work);
  ~Prefetch();
  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;

  /// Starts with batch `first` and ends before `end`. Items in progress are
  /// finished first, and their results dropped.
  void start(std::int64_t first, std::int64_t end);

  /// Returns when all items of the batch are done. If `work` threw for some of
  /// them, rethrows the exception of the first one in the order of items.
  void wait(std::int64_t batch);

  /// Frees the batch's place in the window for another batch.
  void release(std::int64_t batch);

 private:
  struct Progress {
    std::int64_t left = 0;  ///< items that are not done
    std::int64_t failed_item = 0;
    std::exception_ptr failure;
  };

  void run();
  void stop();
  /// Whether there is an item to process; sets `next_batch_` and `next_item_`
  /// to it.
  bool find_next();

  CountItems count_items_;
  Work work_;
  std::int64_t window_;

  std::mutex mutex_;
  std::condition_variable may_work_;
  std::condition_variable is_done_;
  std::map<std::int64_t, Progress> batches_;  ///< started and not released
  std::int64_t next_batch_ = 0;
  std::int64_t next_item_ = 0;
  std::int64_t end_ = 0;
  std::int64_t working_ = 0;  ///< number of items being processed
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace expandnet::data
