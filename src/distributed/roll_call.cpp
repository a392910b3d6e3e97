#include "distributed/roll_call.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <optional>
#include <stdexcept>
#include <thread>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/libtorch_errors.h"
#include "distributed/call_with_timeout.h"

namespace expandnet::distributed {

namespace {

using StorePtr = c10::intrusive_ptr<c10d::Store>;
using Clock = std::chrono::steady_clock;

/// Time between two looks at the store.
constexpr std::chrono::milliseconds kGlance(20);
/// What a store may take to answer.
constexpr std::chrono::milliseconds kAnswer(2000);

std::string key_of(const char* what, int rank) {
  return what + ("/" + std::to_string(rank));
}

/// "rank 1", "ranks 1 and 3", "ranks 1, 2 and 3".
std::string list_of(const std::vector<int>& ranks) {
  std::string text = ranks.size() == 1 ? "rank " : "ranks ";
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (i > 0) text += i + 1 == ranks.size() ? " and " : ", ";
    text += std::to_string(ranks[i]);
  }
  return text;
}

/// Hears the hearts of all ranks beat, from now on.
class Listener {
 public:
  Listener(StorePtr store, int size)
      : store_(std::move(store)), heard_(static_cast<std::size_t>(size)) {
    for (int rank = 0; rank < size; ++rank) at(rank).beats = beats(rank);
  }

  /// Listens once more.
  void listen() {
    for (int rank = 0; rank < static_cast<int>(heard_.size()); ++rank) {
      const auto now = beats(rank);
      if (now != at(rank).beats) at(rank) = {now, Clock::now(), true};
    }
  }
  [[nodiscard]] bool is_alive(int rank) const { return at(rank).alive; }
  [[nodiscard]] bool is_silent(int rank) const {
    return Clock::now() - at(rank).time > kPatience;
  }

 private:
  struct Heard {
    std::int64_t beats = 0;
    Clock::time_point time = Clock::now();
    bool alive = false;
  };
  [[nodiscard]] std::int64_t beats(int rank) const {
    return store_->add(key_of("beat", rank), 0);
  }
  Heard& at(int rank) { return heard_[static_cast<std::size_t>(rank)]; }
  [[nodiscard]] const Heard& at(int rank) const {
    return heard_[static_cast<std::size_t>(rank)];
  }

  StorePtr store_;
  std::vector<Heard> heard_;
};

/// The ranks that do not beat.
std::vector<int> silent_ranks(const StorePtr& store, int size) {
  Listener listener(store, size);
  std::vector<int> silent;
  do {
    std::this_thread::sleep_for(kGlance);
    listener.listen();
    silent.clear();
    for (int rank = 0; rank < size; ++rank) {
      if (!listener.is_alive(rank)) silent.push_back(rank);
    }
  } while (!silent.empty() && !listener.is_silent(silent.front()));
  return silent;
}

std::string judge(const StorePtr& store, int size) {
  std::vector<int> ended;
  for (int rank = 0; rank < size; ++rank) {
    if (store->check({key_of("end", rank)})) ended.push_back(rank);
  }
  if (!ended.empty()) {
    return list_of(ended) + (ended.size() == 1 ? " has" : " have") +
           " ended before the others; the reason is among what was printed "
           "there";
  }
  const auto silent = silent_ranks(store, size);
  if (!silent.empty()) {
    // Nobody has to wait for them again.
    for (const int rank : silent) store->add(key_of("end", rank), 1);
    return list_of(silent) +
           (silent.size() == 1 ? " has died or hangs" : " have died or hang") +
           "; start all ranks again, from the last checkpoint";
  }
  return "all ranks are alive, but one of them is late, or calls for something "
         "else; raise the timeout if one may take that long";
}

}  // namespace

RollCall::RollCall(RankEnvironment where, std::chrono::milliseconds timeout)
    : where_(std::move(where)),
      timeout_(timeout),
      prefix_("expandnet/" + std::to_string(where_.restarts)) {
  try {
    store_ = open_store(/*as_server=*/holds_store());
  } catch (const std::exception& error) {
    TORCH_CHECK(false, "ranks: ",
                holds_store() ? "rank 0 cannot open the store at "
                              : "nobody answers at ",
                location(),
                holds_store() ? "; choose another MASTER_PORT"
                              : "; is rank 0 running there?",
                " (", first_line_of(error), ")");
  }
  try {
    enter();
  } catch (const std::exception& error) {
    if (!is_from_c10d(error)) throw;
    TORCH_CHECK(false, "ranks: ", lost_store(), " (", first_line_of(error),
                ")");
  }
}

void RollCall::enter() {
  TORCH_CHECK(store_->add(key_of("start", where_.rank), 1) == 1,
              error_message("ranks", "RANK must be another one in each process",
                            c10::str(where_.rank, " in two"),
                            "start the ranks with torchrun"));
  heartbeat_ =
      std::make_unique<Heartbeat>(connect(), key_of("beat", where_.rank));
  wait_for_all();
}

RollCall::~RollCall() { leave(); }

std::vector<int> RollCall::missing_ranks(const char* what) const {
  std::vector<int> missing;
  for (int rank = 0; rank < where_.size; ++rank) {
    if (!store_->check({key_of(what, rank)})) missing.push_back(rank);
  }
  return missing;
}

void RollCall::wait_for_all() const {
  const auto end = Clock::now() + timeout_;
  std::vector<int> missing;
  while (!(missing = missing_ranks("start")).empty() && Clock::now() < end) {
    std::this_thread::sleep_for(kGlance);
  }
  using std::chrono::seconds;
  TORCH_CHECK(
      missing.empty(),
      error_message(
          "ranks",
          c10::str("all must start within ",
                   std::chrono::duration_cast<seconds>(timeout_).count(), " s"),
          c10::str("no sign of ", list_of(missing)),
          "look at what was printed there"));
}

void RollCall::meet() {
  store_->add(key_of("meet", where_.rank), 1);
  const auto end = Clock::now() + timeout_;
  Listener listener(store_, where_.size);
  for (std::vector<int> missing; !(missing = missing_ranks("meet")).empty();) {
    // Since it was missed it may have come, and have ended as well.
    const auto is_lost = [&](int rank) {
      return (listener.is_silent(rank) ||
              store_->check({key_of("end", rank)})) &&
             !store_->check({key_of("meet", rank)});
    };
    TORCH_CHECK(std::none_of(missing.begin(), missing.end(), is_lost) &&
                    Clock::now() < end,
                "ranks: ", blame());
    std::this_thread::sleep_for(kGlance);
    listener.listen();
  }
}

StorePtr RollCall::open_store(bool as_server) const {
  c10d::TCPStoreOptions options;
  options.port = where_.port;
  options.isServer = as_server;
  options.waitWorkers = false;
  options.timeout = timeout_;
  const auto open = [prefix = prefix_, address = where_.address, options] {
    return c10::make_intrusive<c10d::PrefixStore>(
        prefix, c10::make_intrusive<c10d::TCPStore>(address, options));
  };
  if (as_server) return open();
  // A server of another kind may take the connection and say nothing, for which
  // c10d waits longer than its timeout.
  struct Opened {
    StorePtr store;
    std::exception_ptr failure;
  };
  const auto opened = call_with_timeout(timeout_ + kAnswer, [open] {
    Opened result;
    try {
      result.store = open();
    } catch (const std::exception&) {
      result.failure = std::current_exception();
    }
    return result;
  });
  if (!opened) throw std::runtime_error("what listens there is no store");
  if (opened->failure) std::rethrow_exception(opened->failure);
  return opened->store;
}

StorePtr RollCall::connect() const { return open_store(/*as_server=*/false); }

std::string RollCall::blame() {
  const auto store = store_;
  const auto judged =
      call_with_timeout(kAnswer, [store] { return store->check({"verdict"}); });
  std::optional<std::string> verdict;
  if (judged) {
    verdict = call_with_timeout(kPatience + kAnswer, [=, size = where_.size] {
      if (*judged) return store->get_to_str("verdict");
      return store->compareSet("verdict", "", judge(store, size));
    });
  }
  if (verdict) return *verdict;
  store_is_lost_ = true;
  return lost_store();
}

void RollCall::leave() {
  if (!heartbeat_) return;
  heartbeat_ = nullptr;
  if (store_is_lost_) return;
  call_with_timeout(kAnswer,
                    [store = store_, key = key_of("end", where_.rank)] {
                      return store->add(key, 1);
                    });
}

void RollCall::hold_store(std::chrono::milliseconds limit) const {
  if (!holds_store()) return;
  const auto end = Clock::now() + limit;
  Listener listener(store_, where_.size);
  for (int rank = 1; rank < where_.size; ++rank) {
    while (!store_->check({key_of("end", rank)}) && !listener.is_silent(rank) &&
           Clock::now() < end) {
      std::this_thread::sleep_for(kGlance);
      listener.listen();
    }
  }
}

bool RollCall::holds_store() const {
  return where_.rank == 0 && !where_.agent_store;
}

std::string RollCall::lost_store() const {
  return std::string(where_.agent_store ? "torchrun" : "rank 0") +
         ", which holds the store at " + location() +
         ", has died or hangs; start all ranks again, from the last checkpoint";
}

std::string RollCall::location() const {
  return where_.address + ":" + std::to_string(where_.port);
}

}  // namespace expandnet::distributed
