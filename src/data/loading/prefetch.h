// prefetch.h: worker threads that make the next batches before they are asked
// for.
//
// Nothing of torch in it: what a batch is made of, and where it is put, is the
// caller's.
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

/// Works on the items of a sequence of batches, in order, never more than
/// `window` batches ahead. Which thread takes which item has no part in the
/// result.
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

  /// `work` is called by several threads at once, each item once.
  /// Throws `c10::Error` unless workers and window are positive, and
  /// `std::runtime_error` where the system starts no more threads.
  Prefetch(int workers, std::int64_t window, CountItems count_items, Work work);
  ~Prefetch();
  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;

  /// Begins with `first` and ends before `end`. What was under way is finished
  /// first, and dropped.
  void start(std::int64_t first, std::int64_t end);

  /// Returns when all items of the batch are done. What `work` threw for one of
  /// them is thrown: for the first of them, in their order.
  void wait(std::int64_t batch);

  /// Gives the place of the batch in the window to another one.
  void release(std::int64_t batch);

 private:
  struct Progress {
    std::int64_t left = 0;  ///< items that are not done
    std::int64_t failed_item = 0;
    std::exception_ptr failure;
  };

  void run();
  void stop();
  /// Whether there is an item to take, which is then the next.
  bool find_next();

  CountItems count_items_;
  Work work_;
  std::int64_t window_;

  std::mutex mutex_;
  std::condition_variable may_work_;
  std::condition_variable is_done_;
  std::map<std::int64_t, Progress> batches_;  ///< begun, and not released
  std::int64_t next_batch_ = 0;
  std::int64_t next_item_ = 0;
  std::int64_t end_ = 0;
  std::int64_t working_ = 0;  ///< items in the hands of workers
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace expandnet::data
