// within.h: calls that may never return.
#pragma once

#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace expandnet::distributed {

/// Returns what `action` returns, or nothing if it throws or takes longer than
/// `limit`. Then its thread is left to itself, so `action` must own all it
/// uses.
template <typename Action>
auto within(std::chrono::milliseconds limit, Action action)
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
