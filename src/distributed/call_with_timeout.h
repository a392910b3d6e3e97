// call_with_timeout.h: a time limit for calls that may never return.
#pragma once

#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace expandnet::distributed {

/// Returns the result of `action`, or an empty optional if it throws or takes
/// longer than `limit`. After a timeout its thread keeps running detached, so
/// `action` must own everything that it uses.
template <typename Action>
auto call_with_timeout(std::chrono::milliseconds limit, Action action)
    -> std::optional<decltype(action())> {
  using Result = decltype(action());
  std::packaged_task<Result()> task(std::move(action));
  auto result = task.get_future();
  std::thread(std::move(task)).detach();
  if (result.wait_for(limit) != std::future_status::ready) return std::nullopt;
  try {
    return result.get();
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace expandnet::distributed
