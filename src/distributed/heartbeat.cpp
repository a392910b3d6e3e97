#include "distributed/heartbeat.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace expandnet::distributed {

/// Shared with the thread, which may outlive the Heartbeat.
struct Heartbeat::State {
  c10::intrusive_ptr<c10d::Store> store;
  std::string key;
  std::mutex mutex;
  std::condition_variable changed;
  bool stop = false;
  bool ended = false;

  void beat() {
    std::unique_lock<std::mutex> lock(mutex);
    while (!stop) {
      lock.unlock();
      store->add(key, 1);
      lock.lock();
      changed.wait_for(lock, kBeat, [this] { return stop; });
    }
  }

  void run() {
    try {
      beat();
    } catch (const std::exception&) {
      // The store is gone, and with it all who would look.
    }
    const std::lock_guard<std::mutex> lock(mutex);
    ended = true;
    changed.notify_all();
  }
};

Heartbeat::Heartbeat(c10::intrusive_ptr<c10d::Store> store, std::string key)
    : state_(std::make_shared<State>()) {
  state_->store = std::move(store);
  state_->key = std::move(key);
  std::thread([state = state_] { state->run(); }).detach();
}

Heartbeat::~Heartbeat() {
  std::unique_lock<std::mutex> lock(state_->mutex);
  state_->stop = true;
  state_->changed.notify_all();
  state_->changed.wait_for(lock, kBeat, [this] { return state_->ended; });
}

}  // namespace expandnet::distributed
