// roll_call.h: which ranks are there.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <vector>

#include "distributed/heartbeat.h"
#include "distributed/rank_environment.h"

namespace expandnet::distributed {

/// Knows of each rank, through the store, whether it has come, is alive, or has
/// ended.
class RollCall {
 public:
  /// Connects with the store, as its server on rank 0 unless torchrun holds it,
  /// and waits for all ranks.
  /// Throws `c10::Error` for a store or ranks that cannot be reached in time.
  RollCall(RankEnvironment where, std::chrono::milliseconds timeout);
  /// As `leave` after a failure, if it has not been called.
  ~RollCall();
  RollCall(const RollCall&) = delete;
  RollCall& operator=(const RollCall&) = delete;

  /// A connection of its own, to the part of the store that belongs to this
  /// start of the ranks.
  [[nodiscard]] c10::intrusive_ptr<c10d::Store> connect() const;

  /// Returns when all ranks have called this: one that went on alone, and
  /// ended, would close connections that others are still making. Throws
  /// `c10::Error`, with whom to blame, where one of them ends, dies or is not
  /// there in time.
  void meet();

  /// Says whom to blame for a collective that failed, after at most some
  /// seconds. Who asks first decides for all: later, those who have ended
  /// because of it would be blamed.
  [[nodiscard]] std::string blame();

  /// Tells the others that this rank ends. It is dead to them from then on.
  void leave();
  /// Where this rank holds the store: waits until the others have ended.
  void hold_store(std::chrono::milliseconds limit) const;

 private:
  [[nodiscard]] c10::intrusive_ptr<c10d::Store> open_store(
      bool as_server) const;
  /// Those that have not written this key.
  [[nodiscard]] std::vector<int> missing_ranks(const char* what) const;
  void enter();
  void wait_for_all() const;
  [[nodiscard]] bool holds_store() const;
  [[nodiscard]] std::string lost_store() const;
  [[nodiscard]] std::string location() const;

  RankEnvironment where_;
  std::chrono::milliseconds timeout_;
  std::string prefix_;
  c10::intrusive_ptr<c10d::Store> store_;
  std::unique_ptr<Heartbeat> heartbeat_;
  bool store_is_lost_ = false;
};

}  // namespace expandnet::distributed
