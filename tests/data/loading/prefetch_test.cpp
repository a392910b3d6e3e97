#include "data/loading/prefetch.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <regex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace expandnet::testing {
namespace {

using data::Prefetch;

constexpr std::int64_t kBatches = 20;

/// Batches of 0 to 4 items, and how often each has been worked on.
class Ledger {
 public:
  static std::int64_t items(std::int64_t batch) { return batch % 5; }

  void work(std::int64_t batch, std::int64_t item) {
    const auto ahead = batch - released_;
    for (auto most = most_ahead_.load(); ahead > most;) {
      if (most_ahead_.compare_exchange_weak(most, ahead)) break;
    }
    // Later items are quicker, so that they end in another order.
    std::this_thread::sleep_for(std::chrono::microseconds(200 * (4 - item)));
    ++done_[index(batch, item)];
  }
  [[nodiscard]] bool is_done_once(std::int64_t batch) const {
    for (std::int64_t item = 0; item < items(batch); ++item) {
      if (done_[index(batch, item)] != 1) return false;
    }
    return true;
  }
  void release(std::int64_t batch) { released_ = batch + 1; }
  [[nodiscard]] std::int64_t most_ahead() const { return most_ahead_; }

 private:
  static std::size_t index(std::int64_t batch, std::int64_t item) {
    return static_cast<std::size_t>(batch * 5 + item);
  }
  std::vector<std::atomic<int>> done_ =
      std::vector<std::atomic<int>>(kBatches * 5);
  std::atomic<std::int64_t> released_ = 0;
  std::atomic<std::int64_t> most_ahead_ = 0;
};

class PrefetchWith : public ::testing::TestWithParam<int> {};

TEST_P(PrefetchWith, DoesEachItemOnceAndNotTooFarAhead) {
  Ledger ledger;
  Prefetch prefetch(GetParam(), 3, Ledger::items,
                    [&](auto batch, auto item) { ledger.work(batch, item); });
  prefetch.start(0, kBatches);
  for (std::int64_t batch = 0; batch < kBatches; ++batch) {
    prefetch.wait(batch);
    EXPECT_TRUE(ledger.is_done_once(batch)) << batch;
    ledger.release(batch);
    prefetch.release(batch);
  }
  EXPECT_LE(ledger.most_ahead(), 2);
}

TEST_P(PrefetchWith, BeginsWhereItIsTold) {
  Ledger ledger;
  Prefetch prefetch(GetParam(), 2, Ledger::items,
                    [&](auto batch, auto item) { ledger.work(batch, item); });
  prefetch.start(0, 4);
  prefetch.wait(1);
  prefetch.start(11, 14);  // with 2 and 3 under way
  for (std::int64_t batch = 11; batch < 14; ++batch) {
    prefetch.wait(batch);
    EXPECT_TRUE(ledger.is_done_once(batch)) << batch;
    prefetch.release(batch);
  }
  EXPECT_FALSE(ledger.is_done_once(14));
}

TEST_P(PrefetchWith, ThrowsWhatItsWorkThrewOfTheFirstItem) {
  Prefetch prefetch(
      GetParam(), 2, [](auto) { return 4; },
      [](auto batch, auto item) {
        if (batch == 1 && item >= 2) {
          std::this_thread::sleep_for(std::chrono::milliseconds(4 - item));
          throw std::runtime_error("item " + std::to_string(item));
        }
      });
  prefetch.start(0, 3);
  prefetch.wait(0);
  prefetch.release(0);
  std::string message;
  try {
    prefetch.wait(1);
  } catch (const std::runtime_error& error) {
    message = error.what();
  }
  EXPECT_EQ(message, "item 2");
  prefetch.release(1);
  prefetch.wait(2);  // the others go on
}

TEST_P(PrefetchWith, StopsInTheMiddle) {
  Ledger ledger;
  Prefetch prefetch(GetParam(), 5, Ledger::items,
                    [&](auto batch, auto item) { ledger.work(batch, item); });
  prefetch.start(0, kBatches);
}

INSTANTIATE_TEST_SUITE_P(Workers, PrefetchWith, ::testing::Values(1, 2, 4),
                         [](const auto& workers) {
                           return std::to_string(workers.param);
                         });

TEST(PrefetchErrors, SayWhatMustBePositive) {
  EXPECT_EQ(error_of([] { const Prefetch prefetch(0, 3, {}, {}); }),
            "Prefetch: workers and window must be positive, got 0 and 3");
}

/// While it lasts, this process gets no more than `bytes` of further addresses.
class AddressLimit {
 public:
  explicit AddressLimit(std::size_t bytes) {
    ::getrlimit(RLIMIT_AS, &before_);
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    auto limit = before_;
    limit.rlim_cur =
        pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + bytes;
    ::setrlimit(RLIMIT_AS, &limit);
  }
  ~AddressLimit() { ::setrlimit(RLIMIT_AS, &before_); }
  AddressLimit(const AddressLimit&) = delete;
  AddressLimit& operator=(const AddressLimit&) = delete;

 private:
  rlimit before_ = {};
};

TEST(PrefetchErrors, NameTheThreadsThatCouldBeStarted) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the address sanitizer needs more addresses than that";
#endif
  constexpr int kWorkers = 5000;
  std::string message;
  {
    const AddressLimit limit(std::size_t{1} << 30);
    try {
      const Prefetch prefetch(kWorkers, 3, {}, {});
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
  }
  EXPECT_TRUE(std::regex_match(
      message, std::regex("Prefetch: the system must start all workers, got "
                          "[1-9][0-9]* of 5000 \\((Resource temporarily "
                          "unavailable|std::bad_alloc)\\); ask for fewer")))
      << message;
}

}  // namespace
}  // namespace expandnet::testing
