#include <expandnet/distributed/process_group.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "distributed/team.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

const Role kSums("sums", [](distributed::ProcessGroup& ranks) {
  for (const auto dtype : {at::kFloat, at::kDouble, at::kLong, at::kInt}) {
    auto tensor = torch::full({2, 3}, ranks.rank() + 1, dtype);
    ranks.sum(tensor);
    TORCH_CHECK(tensor.equal(torch::full({2, 3}, 6, dtype)), dtype);
  }
  auto transposed = torch::arange(6.).reshape({2, 3}).t();
  ranks.sum(transposed);
  TORCH_CHECK(transposed.equal(3 * torch::arange(6.).reshape({2, 3}).t()));
});

TEST(ProcessGroup, AddUpTensorsOfAnyDtypeAndLayout) {
  Team team("sums", 3);
  expect_success(team);
}

const Role kGathers("gathers", [](distributed::ProcessGroup& ranks) {
  const auto mine = torch::arange(6.).reshape({2, 3}).t() + ranks.rank();
  const auto all = ranks.gather(mine);
  TORCH_CHECK(all.sizes() == torch::IntArrayRef({3, 3, 2}));
  for (int rank = 0; rank < 3; ++rank) {
    TORCH_CHECK(all[rank].equal(mine - ranks.rank() + rank));
  }
});

TEST(ProcessGroup, GatherTensorsInTheirOrder) {
  Team team("gathers", 3);
  expect_success(team);
}

const Role kBroadcasts("broadcasts", [](distributed::ProcessGroup& ranks) {
  torch::manual_seed(ranks.rank());
  std::vector<torch::Tensor> tensors{
      torch::randn({3, 4}),
      torch::randint(100, {7}),
      torch::randn({2, 2}, at::kDouble).requires_grad_(),
      torch::randn({5}),
      torch::tensor(ranks.rank()),
      torch::zeros({0})};
  torch::manual_seed(0);
  const std::vector<torch::Tensor> expected{torch::randn({3, 4}),
                                            torch::randint(100, {7}),
                                            torch::randn({2, 2}, at::kDouble),
                                            torch::randn({5}),
                                            torch::tensor(0),
                                            torch::zeros({0})};
  ranks.broadcast(tensors);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    TORCH_CHECK(tensors[i].equal(expected[i]), "tensor ", i);
  }
  const auto single = torch::full({4}, ranks.rank() + 1);
  ranks.broadcast(single);
  ranks.broadcast(std::vector<at::Tensor>{});  // of a model without buffers
  TORCH_CHECK(single.equal(torch::full({4}, 1)));
});

TEST(ProcessGroup, OverwriteTensorsWithThoseOfTheFirst) {
  Team team("broadcasts");
  expect_success(team);
}

const Role kTexts("texts", [](distributed::ProcessGroup& ranks) {
  const std::string long_text(5'000'000, 'x');
  const std::string binary("a\0b", 3);
  for (const auto& text : {std::string(), binary, long_text}) {
    TORCH_CHECK(ranks.broadcast(ranks.is_first() ? text : "other") == text);
    const auto mine = text + std::to_string(ranks.rank());
    const auto all = ranks.gather(ranks.is_first() ? "" : mine);
    TORCH_CHECK(all == (std::vector<std::string>{"", text + "1"}));
  }
});

TEST(ProcessGroup, BroadcastAndGatherTextsOfAnyLength) {
  Team team("texts");
  expect_success(team);
}

const Role kQuestions("questions", [](distributed::ProcessGroup& ranks) {
  TORCH_CHECK(!ranks.any(false));
  TORCH_CHECK(ranks.any(ranks.rank() == 1));
  TORCH_CHECK(ranks.any(true));
  ranks.barrier();
  TORCH_CHECK(!ranks.any_before(ranks.rank() == 1), "the first");
  TORCH_CHECK(ranks.any_before(false), "the second");
  TORCH_CHECK(!ranks.any_before(true), "the third");
  // Left with an answer that nobody asks for.
});

TEST(ProcessGroup, AgreeAtOnceAndOneCallLater) {
  Team team("questions");
  expect_success(team);
}

const Role kIdentity("identity", [](distributed::ProcessGroup& ranks) {
  TORCH_CHECK(ranks.size() == 2);
  TORCH_CHECK(ranks.local_rank() == ranks.rank());
  TORCH_CHECK(ranks.is_first() == (ranks.rank() == 0));
  TORCH_CHECK(ranks.device() == c10::Device(c10::kCPU));
  std::printf("rank %d of %d\n", ranks.rank(), ranks.size());
});

TEST(ProcessGroup, KnowTheirPlace) {
  Team team("identity");
  const auto outcomes = team.wait();
  EXPECT_EQ(outcomes[0].out + outcomes[0].err, "rank 0 of 2\n");
  EXPECT_EQ(outcomes[1].out + outcomes[1].err, "rank 1 of 2\n");
}

TEST(ProcessGroup, RunUnderTorchrun) {
  const std::string torchrun = EXPANDNET_TORCHRUN;
  if (torchrun.empty()) GTEST_SKIP() << "no torchrun beside LibTorch";
  const std::filesystem::path scratch = ::testing::TempDir();
  Process program({torchrun, "--standalone", "--nproc-per-node", "2",
                   "--no-python", own_path(), "--role", "identity", "60"},
                  scratch);
  const auto outcome = program.wait();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("rank 0 of 2\n"), std::string::npos);
  EXPECT_NE(outcome.out.find("rank 1 of 2\n"), std::string::npos);
}

/// Prints what each rank finds.
const Role kDifferences("differences", [](distributed::ProcessGroup& ranks) {
  const auto mine = ranks.rank() == 2 ? 1. : 0.;
  const auto shape = ranks.rank() + 1;
  const std::vector<std::function<void()>> actions{
      [&] { ranks.check_same("--rate", ranks.rank() == 1 ? "4" : ""); },
      [&] {
        ranks.check_same("the configuration", std::string(100, 'a') +
                                                  (mine > 0 ? "b" : "c") +
                                                  std::string(100, 'd'));
      },
      [&] { ranks.check_same("the weather", "fine"); },
      [&] {
        ranks.check_identical({"a", "b"},
                              {torch::zeros({2}), torch::tensor({1., mine})});
      },
      [&] {
        ranks.check_identical(
            {"minus"}, {torch::full({1}, mine > 0 ? -0. : 0., at::kHalf)});
      },
      [&] {
        ranks.sum(torch::zeros({shape, 3}));
      },
      [&] {
        ranks.broadcast(torch::zeros({2}, shape < 3 ? at::kInt : at::kFloat));
      }};
  for (const auto& action : actions) {
    std::printf("%s\n", error_of(action).c_str());
  }
});

TEST(RanksErrors, NameWhatDiffersAndWhereOnEveryRank) {
  Team team("differences", 3);
  const auto outcomes = team.wait();

  for (const auto& outcome : outcomes) {
    EXPECT_EQ(outcome.err, "");
    EXPECT_EQ(
        outcome.out,
        "ranks: --rate must be the same on all, got '' on rank 0 and '4' on "
        "rank 1; start all of them alike\n"
        "ranks: the configuration must be the same on all, got "
        "'...aaaaaaaaaaaaaaaaaaaacddddddddddddddddddddddddddddddddddddddd...' "
        "on rank 0 and "
        "'...aaaaaaaaaaaaaaaaaaaabddddddddddddddddddddddddddddddddddddddd...' "
        "on rank 2; start all of them alike\n"
        "\n"
        "ranks: b must have the same bits on all, got others on rank 2 than on "
        "rank 0; start all of them again, from the last checkpoint\n"
        "ranks: minus must have the same bits on all, got others on rank 2 "
        "than on rank 0; start all of them again, from the last checkpoint\n"
        "ranks: the layout of a tensor to add up must be the same on all, got "
        "'Float [1, 3]' on rank 0 and 'Float [2, 3]' on rank 1; start all of "
        "them alike\n"
        "ranks: the layout of tensors to broadcast must be the same on all, "
        "got 'Int [2]' on rank 0 and 'Float [2]' on rank 2; start all of them "
        "alike\n");
  }
}

}  // namespace
}  // namespace expandnet::testing
