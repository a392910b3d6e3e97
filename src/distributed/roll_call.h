// roll_call.h: which ranks have started, are alive, or have ended.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <vector>

#include "distributed/heartbeat.h"
#include "distributed/rank_environment.h"

namespace expandnet::distributed {

/// Tracks the state of all ranks through the store. Each rank writes the keys
/// "start/<rank>", "beat/<rank>" (Heartbeat), "meet/<rank>" and "end/<rank>".
class RollCall {
 public:
  /// Connects to the store, on rank 0 as its server unless torchrun hosts it,
  /// and waits for all ranks. Throws `c10::Error` if the store cannot be
  /// reached or ranks do not start in time.
  RollCall(RankEnvironment where, std::chrono::milliseconds timeout);
  /// Calls `leave`, if that has not been called.
  ~RollCall();
  RollCall(const RollCall&) = delete;
  RollCall& operator=(const RollCall&) = delete;

  /// Opens another connection to the store. Keys are separate for each restart
  /// of the ranks.
  [[nodiscard]] c10::intrusive_ptr<c10d::Store> connect() const;

  /// Returns when all ranks have called this. Without it, a rank that continues
  /// and ends early closes connections that others are still making. Throws
  /// `c10::Error`, naming the ranks at fault, if one of them ends, dies or does
  /// not come in time.
  void meet();

  /// Returns a description of the ranks that caused a collective to fail, after
  /// some seconds at most. The first caller's answer is stored and returned to
  /// all ranks, because ranks that exit as a consequence would otherwise look
  /// like the cause.
  [[nodiscard]] std::string blame();

  /// Marks this rank as ended; the others no longer expect it to be alive.
  void leave();
  /// If this rank hosts the store, waits until the others have ended.
  void hold_store(std::chrono::milliseconds limit) const;

 private:
  [[nodiscard]] c10::intrusive_ptr<c10d::Store> open_store(
      bool as_server) const;
  /// Returns the ranks that have not written this key.
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
