// heartbeat.h: a process that can be seen to be alive.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace expandnet::distributed {

/// Time between two beats.
constexpr std::chrono::milliseconds kBeat(1000);
/// Whoever has not beaten for so long is dead, or hangs.
constexpr std::chrono::milliseconds kPatience(3500);

/// Adds one to a number in a store, now and every kBeat, on a thread of its
/// own. A store that is gone ends the thread, and nothing else.
class Heartbeat {
 public:
  /// Nobody else may use this connection with the store: it may block.
  Heartbeat(c10::intrusive_ptr<c10d::Store> store, std::string key);
  /// Ends the thread; should the store hang, it is left to itself.
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace expandnet::distributed
