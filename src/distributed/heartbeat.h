// heartbeat.h: signals that a process is alive.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace expandnet::distributed {

/// Time between two beats.
constexpr std::chrono::milliseconds kBeat(1000);
/// A rank without a beat for this long is dead or hangs.
constexpr std::chrono::milliseconds kPatience(3500);

/// Increments a counter in a store, now and every kBeat, on a thread of its
/// own. If the store fails, only the thread ends.
class Heartbeat {
 public:
  /// `store` must be a connection that nothing else uses, because it may block.
  Heartbeat(c10::intrusive_ptr<c10d::Store> store, std::string key);
  /// Ends the thread; if the store hangs, leaves the thread behind.
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace expandnet::distributed
