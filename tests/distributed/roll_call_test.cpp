#include "distributed/roll_call.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <string>
#include <thread>

#include "distributed/team.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

using distributed::RankEnvironment;
using distributed::RollCall;

constexpr std::chrono::seconds kLimit(20);

/// Two ranks, as threads of this process.
RankEnvironment one_of_two(int rank, int port) {
  RankEnvironment where;
  where.rank = rank;
  where.size = 2;
  where.address = "127.0.0.1";
  where.port = static_cast<std::uint16_t>(port);
  return where;
}

TEST(RollCall, HoldsWhoMeetsUntilAllDo) {
  const auto port = free_port();
  std::atomic<bool> second_came = false;
  auto second = std::async(std::launch::async, [&] {
    RollCall roll_call(one_of_two(1, port), kLimit);
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    second_came = true;
    roll_call.meet();
  });
  RollCall first(one_of_two(0, port), kLimit);

  first.meet();

  EXPECT_TRUE(second_came);
  second.get();
}

TEST(RollCall, BlamesWhoEndsBeforeItMeets) {
  const auto port = free_port();
  auto second = std::async(std::launch::async, [&] {
    const RollCall roll_call(one_of_two(1, port), kLimit);
  });
  RollCall first(one_of_two(0, port), kLimit);

  EXPECT_EQ(error_of([&] { first.meet(); }),
            "ranks: rank 1 has ended before the others; the reason is among "
            "what was printed there");
  second.get();
}

}  // namespace
}  // namespace expandnet::testing
