// Prefetch as loaders use and misuse it: read through, restarted anywhere,
// given work that throws, and destroyed while it is busy. What the work writes
// and the caller reads is plain memory: nothing but Prefetch orders the two.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>

#include "data/loading/prefetch.h"
#include "require.h"

namespace {

using expandnet::data::Prefetch;

constexpr std::int64_t kBatches = 12;
constexpr std::int64_t kWindow = 3;
constexpr std::int64_t kMostItems = 5;

/// 0 to 4.
std::int64_t items_in(std::int64_t batch) { return batch % kMostItems; }

/// Items that throw what their work is.
bool is_bad(std::int64_t batch, std::int64_t item) {
  return batch % 4 == 3 && item >= 1;
}

/// Places for the batches of a window, as of a loader, written by its workers.
class Slots {
 public:
  void write(std::int64_t batch, std::int64_t item) {
    slot_of(batch)[index(item)] = batch * kMostItems + item;
    if (is_bad(batch, item)) throw std::runtime_error(std::to_string(item));
  }
  void check(std::int64_t batch) {
    auto& slot = slot_of(batch);
    for (std::int64_t item = 0; item < items_in(batch); ++item) {
      require(slot[index(item)] == batch * kMostItems + item,
              "a batch that was waited for has all of its items");
    }
    slot.fill(-1);  // its memory is the caller's until it is released
  }

 private:
  using Slot = std::array<std::int64_t, kMostItems>;

  static std::size_t index(std::int64_t item) {
    return static_cast<std::size_t>(item);
  }
  Slot& slot_of(std::int64_t batch) {
    return slots_[static_cast<std::size_t>(batch % kWindow)];
  }

  std::array<Slot, kWindow> slots_ = {};
};

void wait_for(Prefetch& prefetch, std::int64_t batch) {
  std::string thrown = "nothing";
  try {
    prefetch.wait(batch);
  } catch (const std::runtime_error& error) {
    thrown = error.what();
  }
  const bool fails = items_in(batch) > 1 && is_bad(batch, 1);
  require(thrown == (fails ? "1" : "nothing"),
          "what the first bad item throws is thrown");
}

/// Reads `count` batches from `first`.
void read(Prefetch& prefetch, Slots& slots, std::int64_t first,
          std::int64_t count) {
  for (std::int64_t batch = first; batch < first + count; ++batch) {
    wait_for(prefetch, batch);
    slots.check(batch);
    prefetch.release(batch);
  }
}

/// One loader's life.
void live(int workers, std::mt19937& generator) {
  const auto below = [&](std::int64_t bound) {
    return static_cast<std::int64_t>(generator()) % bound;
  };
  Slots slots;
  Prefetch prefetch(workers, kWindow, items_in,
                    [&](auto batch, auto item) { slots.write(batch, item); });
  for (auto restarts = below(6); restarts >= 0; --restarts) {
    const auto first = below(kBatches);
    prefetch.start(first, kBatches);
    // Often left with batches under way, done and not waited for, or none.
    read(prefetch, slots, first, below(kBatches - first + 1));
    if (below(4) == 0)
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    if (below(4) == 0) prefetch.start(0, 0);
  }
}

}  // namespace

int main() {
  std::mt19937 generator(0);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  std::int64_t lives = 0;
  for (; lives < 300 || std::chrono::steady_clock::now() < end; ++lives) {
    live(1 + static_cast<int>(lives % 4), generator);
  }
  std::printf("%lld loaders\n", static_cast<long long>(lives));
}
