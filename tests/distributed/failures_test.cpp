#include <expandnet/distributed/gradient_reducer.h>
#include <expandnet/distributed/process_group.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include "distributed/team.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

constexpr std::chrono::seconds kSoon(15);

constexpr std::chrono::seconds kTimeout(3);

/// What a process threw: the last line, as c10d warns of a store that is gone,
/// without c10d's own message, which follows in parentheses.
std::string error_in(const Outcome& outcome) {
  const auto line = outcome.err.substr(outcome.err.rfind('\n') + 1);
  return line.substr(0, line.find(" ("));
}

void report_start(distributed::ProcessGroup& ranks) {
  ranks.barrier();
  std::printf("started\n");
  std::fflush(stdout);
}

const Role kForever("forever", [](distributed::ProcessGroup& ranks) {
  report_start(ranks);
  while (true) {
    ranks.sum(torch::ones({1000}));
    (void)ranks.any_before(false);
  }
});

const Role kTrainingForever("training", [](distributed::ProcessGroup& ranks) {
  const auto weight = torch::zeros({100}).requires_grad_();
  distributed::GradientReducer reducer({"weight"}, {weight}, ranks);
  report_start(ranks);
  while (true) reducer.average([&] { weight.sum().backward(); });
});

/// Waits until the team is at work, then sends the signal.
void strike(Team& team, std::size_t rank, int signal) {
  for (std::size_t i = 0; i < team.size(); ++i) {
    ASSERT_TRUE(team[i].wait_for("started")) << team[i].wait().err;
  }
  team[rank].send(signal);
}

/// Expects a rank to end soon, with this error.
void expect_error(Team& team, std::size_t rank, const std::string& error) {
  EXPECT_TRUE(team[rank].wait_at_most(kSoon));
  const auto outcome = team[rank].wait();
  EXPECT_EQ(outcome.status, 1) << outcome.err;
  EXPECT_EQ(error_in(outcome), error);
}

const std::string kRankOneDied =
    "ranks: rank 1 has died or hangs; start all ranks again, from the last "
    "checkpoint";

std::string rank_zero_died(const Team& team) {
  return "ranks: rank 0, which holds the store at " + team.store() +
         ", has died or hangs; start all ranks again, from the last checkpoint";
}

TEST(RankFailures, AreBlamedOnTheRankThatWasKilledByAllOthers) {
  Team team("forever", 4), backward("training");
  strike(team, 1, SIGKILL);
  strike(backward, 1, SIGKILL);

  for (const std::size_t rank : {0, 2, 3}) {
    expect_error(team, rank, kRankOneDied);
  }
  expect_error(backward, 0, kRankOneDied);
}

TEST(RankFailures, NameRankZeroWhereTheStoreWasKilled) {
  Team team("forever");
  strike(team, 0, SIGKILL);

  expect_error(team, 1, rank_zero_died(team));
}

TEST(RankFailures, NameARankThatHangs) {
  Team one("forever", 2, kTimeout), zero("forever", 2, kTimeout);
  strike(one, 1, SIGSTOP);
  strike(zero, 0, SIGSTOP);

  expect_error(one, 0, kRankOneDied);
  expect_error(zero, 1, rank_zero_died(zero));
}

const Role kFailing("failing", [](distributed::ProcessGroup& ranks) {
  TORCH_CHECK(ranks.rank() == 0, "no more images");
  (void)ranks.any_before(false);
  ranks.barrier();
});

TEST(RankFailures, NameARankThatEndsEarly) {
  Team team("failing");
  const auto outcomes = team.wait();

  EXPECT_EQ(outcomes[1].err, "no more images");
  EXPECT_EQ(error_in(outcomes[0]),
            "ranks: rank 1 has ended before the others; the reason is among "
            "what was printed there");
}

const Role kLate("late", [](distributed::ProcessGroup& ranks) {
  if (ranks.rank() == 1) std::this_thread::sleep_for(std::chrono::seconds(5));
  ranks.barrier();
});

TEST(RankFailures, SayThatNobodyIsDeadWhereOneIsLate) {
  Team team("late", 2, kTimeout);
  const auto outcomes = team.wait();

  EXPECT_EQ(error_in(outcomes[0]),
            "ranks: all ranks are alive, but one of them is late, or calls for "
            "something else; raise the timeout if one may take that long");
  EXPECT_EQ(outcomes[1].status, 1);
}

const Role kStubborn("stubborn", [](distributed::ProcessGroup& ranks) {
  if (ranks.rank() == 1) std::this_thread::sleep_for(std::chrono::seconds(5));
  const auto first = error_of([&] { ranks.barrier(); });
  std::printf("%s\n", first.c_str());
  ranks.barrier();
});

TEST(RankFailures, AreToldAgainAtEachCallAfterTheFirst) {
  Team team("stubborn", 2, kTimeout);
  const auto outcome = team[0].wait();

  // Gloo has closed the connections, and says so in another way.
  const std::string late =
      "ranks: all ranks are alive, but one of them is late, or calls for "
      "something else; raise the timeout if one may take that long (";
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.out.rfind(late, 0), 0U) << outcome.out;
  EXPECT_EQ(outcome.err, late + "Application timeout caused pair closure)");
}

const Role kUnequal("unequal", [](distributed::ProcessGroup& ranks) {
  if (ranks.rank() == 0) std::this_thread::sleep_for(std::chrono::seconds(1));
});

TEST(RankFailures, DoNotComeFromRanksThatEndOneAfterTheOther) {
  Team team("unequal", 3);
  expect_success(team);
}

TEST(RankFailures, NameARankThatNeverStarts) {
  Team team("forever", 2, std::chrono::seconds(1));
  team[1].send(SIGKILL);

  EXPECT_EQ(team[0].wait().err,
            "ranks: all must start within 1 s, got no sign of rank 1; look at "
            "what was printed there");
}

}  // namespace
}  // namespace expandnet::testing
