// BatchNorm over the unequal batches of real processes.
#include <c10/core/DefaultDtype.h>
#include <expandnet/distributed/gradient_reducer.h>
#include <expandnet/models/unet.h>
#include <expandnet/passes/synchronize_batch_norm.h>
#include <expandnet/train/model.h>
#include <expandnet/train/optimizers.h>
#include <expandnet/train/training.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cstdint>
#include <string>
#include <vector>

#include "distributed/team.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

GatherRows gather_of(distributed::ProcessGroup& ranks) {
  return [&ranks](const at::Tensor& row) { return ranks.gather(row); };
}

torch::nn::Sequential net_in_a_sequential() {
  // The gradient of a bias before a BatchNorm is 0.
  const auto conv = [](std::int64_t in, std::int64_t out) {
    return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).bias(false));
  };
  return torch::nn::Sequential(conv(3, 4), torch::nn::BatchNorm2d(4),
                               torch::nn::ReLU(), conv(4, 3),
                               torch::nn::BatchNorm2d(3));
}

models::UNet net_of_members() {
  return models::UNet(
      models::UNetOptions().classes(3).width(2).batch_norm(true));
}

/// Rank r has r + 1 of the images, which all ranks draw.
struct UnequalBatch {
  UnequalBatch(int step, distributed::ProcessGroup& ranks) {
    const auto rank = static_cast<std::int64_t>(ranks.rank());
    const auto size = static_cast<std::int64_t>(ranks.size());
    torch::manual_seed(100 + step);
    whole = torch::randn({size * (size + 1) / 2, 3, 32, 32}, at::kDouble) + 1;
    own = whole.narrow(0, rank * (rank + 1) / 2, rank + 1);
  }
  torch::Tensor whole, own;
};

void check_close(const torch::Tensor& actual, const torch::Tensor& expected,
                 const std::string& what) {
  const auto error = relative_error(actual, expected);
  TORCH_CHECK(error <= 1e-12, what, " differs by ", error);
}

/// Gradients, outputs and statistics of the shared net against those of one
/// that has the whole batch.
template <typename Net>
void compare_with_one_process(distributed::ProcessGroup& ranks, Net (*make)()) {
  c10::set_default_dtype(c10::scalarTypeToTypeMeta(at::kDouble));
  torch::manual_seed(0);
  Net whole = make();
  torch::manual_seed(0);
  Net own = make();
  TORCH_CHECK(synchronize_batch_norm(*own, gather_of(ranks)) > 0);
  distributed::GradientReducer reducer(own->named_parameters().keys(),
                                       own->parameters(), ranks);
  for (int step = 0; step < 2; ++step) {
    const UnequalBatch batch(step, ranks);
    const auto sum_of = [](const torch::Tensor& output) {
      return output.pow(3).sum();
    };
    whole->zero_grad();
    own->zero_grad();
    const auto expected = whole->forward(batch.whole);
    sum_of(expected).backward();
    const auto output = own->forward(batch.own);
    // The reducer takes the mean over ranks.
    const auto loss = sum_of(output) * ranks.size();
    reducer.average([&] { loss.backward(); });
    const auto first = ranks.rank() * (ranks.rank() + 1) / 2;
    check_close(output, expected.narrow(0, first, ranks.rank() + 1), "output");
    for (const auto& item : own->named_parameters()) {
      check_close(item.value().grad(),
                  whole->named_parameters()[item.key()].grad(), item.key());
    }
    for (const auto& item : own->named_buffers()) {
      check_close(item.value(), whole->named_buffers()[item.key()], item.key());
    }
  }
  const auto buffers = own->named_buffers();
  ranks.check_identical(buffers.keys(), buffers.values());
}

const Role kSequential("sync batch norm, sequential",
                       [](distributed::ProcessGroup& ranks) {
                         compare_with_one_process(ranks, net_in_a_sequential);
                       });
const Role kMembers("sync batch norm, members",
                    [](distributed::ProcessGroup& ranks) {
                      compare_with_one_process(ranks, net_of_members);
                    });

TEST(SyncBatchNormByRanks, IsThatOfOneProcessWithTheWholeBatch) {
  for (const int size : {2, 3}) {
    Team sequential("sync batch norm, sequential", size);
    expect_success(sequential);
    Team members("sync batch norm, members", size);
    expect_success(members);
  }
}

// Rank 0 runs by itself what communicates nothing; else it would wait in vain.
const Role kFrozen(
    "sync batch norm, frozen", [](distributed::ProcessGroup& ranks) {
      torch::manual_seed(0);
      auto net = net_in_a_sequential();
      synchronize_batch_norm(*net, gather_of(ranks));
      const auto x = torch::randn({2, 3, 8, 8});
      for (const auto* norm : {"1.weight", "4.weight"}) {
        net->named_parameters()[norm].set_requires_grad(false);
      }
      train::set_training(*net, true);
      const auto before = net->named_buffers()["1.running_mean"].clone();
      if (ranks.is_first()) net->forward(x).sum().backward();
      net->eval();
      if (ranks.is_first()) net->forward(x).sum().backward();
      TORCH_CHECK(net->named_buffers()["1.running_mean"].equal(before));
    });

TEST(SyncBatchNormByRanks, SendsNothingWhereItIsFrozenOrEvaluates) {
  Team team("sync batch norm, frozen", 2, std::chrono::seconds(10));
  expect_success(team);
}

const Role kLost("sync batch norm, lost", [](distributed::ProcessGroup& ranks) {
  auto net = net_in_a_sequential();
  synchronize_batch_norm(*net, gather_of(ranks));
  distributed::GradientReducer reducer(net->named_parameters().keys(),
                                       net->parameters(), ranks);
  const auto loss = net->forward(torch::randn({2, 3, 8, 8})).pow(2).sum();
  TORCH_CHECK(ranks.is_first(), "rank 1 stops before its backward pass");
  reducer.average([&] { loss.backward(); });
});

TEST(SyncBatchNormByRanks, NamesTheRankThatIsMissingInBackward) {
  Team team("sync batch norm, lost");
  const auto outcomes = team.wait();
  EXPECT_EQ(outcomes[0].err.rfind("ranks: rank 1 ", 0), 0U) << outcomes[0].err;
  EXPECT_EQ(outcomes[1].err, "rank 1 stops before its backward pass");
}

/// A net without BatchNorm.
const Role kNone("sync batch norm, none", [](distributed::ProcessGroup& ranks) {
  torch::nn::Sequential net(torch::nn::Conv2d(3, 4, 3));
  train::SGD optimizer(net->parameters(), torch::optim::SGDOptions(0.1));
  train::TrainingOptions options;
  options.select = train::Select::kLast;
  options.ranks = &ranks;
  options.sync_batch_norm = true;
  struct OneBatch : data::BatchSource {
    [[nodiscard]] std::int64_t size() const override { return 1; }
    void start_epoch(std::int64_t /*epoch*/) override {}
    data::Batch batch(std::int64_t /*index*/) override { return {}; }
  } batches;
  train::TrainingParts parts;
  parts.model = {net.ptr(), [net](const torch::Tensor& x) mutable {
                   return net->forward(x);
                 }};
  parts.optimizer = &optimizer;
  parts.training = &batches;
  const train::Training training(parts, options);
});

TEST(SyncBatchNormByRanks, NeedsAModelThatHasBatchNorm) {
  Team team("sync batch norm, none");
  for (const auto& outcome : team.wait()) {
    EXPECT_EQ(outcome.err,
              "Training: to synchronize BatchNorm a model must have it, got "
              "none; leave sync_batch_norm out");
  }
}

}  // namespace
}  // namespace expandnet::testing
