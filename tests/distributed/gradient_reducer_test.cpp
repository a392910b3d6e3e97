#include <expandnet/distributed/gradient_reducer.h>
#include <expandnet/passes/expand.h>
#include <gtest/gtest.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <string>
#include <vector>

#include "distributed/team.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

/// Several small buckets for the nets below.
constexpr std::int64_t kBucketBytes = 1000;

torch::nn::Sequential small_net(at::ScalarType dtype) {
  torch::manual_seed(3);
  torch::nn::Sequential net(
      torch::nn::Conv2d(torch::nn::Conv2dOptions(2, 4, 3).padding(1)),
      torch::nn::ReLU(), torch::nn::Flatten(), torch::nn::Linear(64, 10),
      torch::nn::ReLU(), torch::nn::Linear(10, 3));
  net->to(dtype);
  return net;
}

std::vector<std::string> names_of(const torch::nn::Module& net) {
  std::vector<std::string> names;
  for (const auto& item : net.named_parameters()) names.push_back(item.key());
  return names;
}

/// Batch `step` of 8 images, or the half of it that belongs to a rank.
struct SmallBatch {
  SmallBatch(int step, at::ScalarType dtype) {
    torch::manual_seed(100 + step);
    images = torch::randn({8, 2, 4, 4}, dtype);
    labels = torch::randint(3, {8});
  }
  [[nodiscard]] SmallBatch half(int rank) const {
    SmallBatch result = *this;
    result.images = images.slice(0, 4 * rank, 4 * rank + 4);
    result.labels = labels.slice(0, 4 * rank, 4 * rank + 4);
    return result;
  }
  torch::Tensor loss(torch::nn::Sequential& net) const {
    return torch::cross_entropy_loss(net->forward(images), labels);
  }
  torch::Tensor images, labels;
};

/// Passes that accumulate, whole or by halves; all are averaged with the last.
void compare_gradients(distributed::ProcessGroup& ranks, int passes,
                       const Precision& p) {
  auto whole = small_net(p.dtype), half = small_net(p.dtype);
  distributed::GradientReducer reducer(names_of(*half), half->parameters(),
                                       ranks, kBucketBytes);
  for (int round = 0; round < 3; ++round) {
    whole->zero_grad();
    half->zero_grad();
    for (int pass = 0; pass < passes; ++pass) {
      const SmallBatch batch(round * passes + pass, p.dtype);
      batch.loss(whole).backward();
      const auto backward = [&] {
        batch.half(ranks.rank()).loss(half).backward();
      };
      pass + 1 < passes ? backward() : reducer.average(backward);
    }
    for (std::size_t i = 0; i < half->parameters().size(); ++i) {
      const auto error = relative_error(half->parameters()[i].grad(),
                                        whole->parameters()[i].grad());
      TORCH_CHECK(error <= p.tolerance, "parameter ", i, ": ", error);
    }
  }
}

const Role kGradients("gradients", [](distributed::ProcessGroup& ranks) {
  for (const auto& precision : {kDouble, kFloat}) {
    compare_gradients(ranks, 1, precision);
    compare_gradients(ranks, 3, precision);
  }
});

TEST(GradientReducer, AveragesOverRanksAndAccumulatedPasses) {
  Team team("gradients");
  expect_success(team);
}

/// A net that trains in weight space.
struct ExpandedRun {
  ExpandedRun()
      : net(small_net(at::kDouble)),
        expansion(expand(*net, ExpansionOptions().rate(4))),
        optimizer(expansion.parameters(),
                  torch::optim::SGDOptions(0.05).momentum(0.9)) {}

  torch::nn::Sequential net;
  Expansion expansion;
  torch::optim::SGD optimizer;
};

const Role kWeightSpace("weight space", [](distributed::ProcessGroup& ranks) {
  ExpandedRun whole, half;
  if (!ranks.is_first()) {
    const torch::NoGradGuard no_grad;
    for (auto& factor : half.expansion.parameters()) factor.add_(1);
  }
  ranks.broadcast(half.expansion.parameters());
  half.expansion.fold();
  distributed::GradientReducer reducer(
      names_of(*half.net), half.net->parameters(), ranks, kBucketBytes);
  const auto before = half.net->parameters()[0].clone();
  for (int step = 0; step < 10; ++step) {
    const SmallBatch batch(step, at::kDouble);
    whole.expansion.zero_grad();
    half.expansion.zero_grad();
    batch.loss(whole.net).backward();
    auto loss = batch.half(ranks.rank()).loss(half.net);
    reducer.average([&] { loss.backward(); });
    whole.expansion.step(whole.optimizer);
    half.expansion.step(half.optimizer);
  }
  TORCH_CHECK(relative_error(half.net->parameters()[0], before) > 1e-3);
  const auto compare = [](const auto& actual, const auto& expected) {
    for (std::size_t i = 0; i < actual.size(); ++i) {
      const auto error = relative_error(actual[i], expected[i]);
      TORCH_CHECK(error <= 1e-10, "tensor ", i, ": ", error);
    }
  };
  compare(half.net->parameters(), whole.net->parameters());
  compare(half.expansion.parameters(), whole.expansion.parameters());
  ranks.check_identical(names_of(*half.net), half.net->parameters());
  const auto factors = half.expansion.named_parameters();
  ranks.check_identical(factors.keys(), factors.values());
});

TEST(GradientReducer, TrainsInWeightSpaceAsOneProcessWithTheWholeBatch) {
  Team team("weight space");
  expect_success(team);
}

const Role kUnused("unused", [](distributed::ProcessGroup& ranks) {
  const auto used = torch::ones({2}).requires_grad_();
  const auto unused = torch::ones({2}).requires_grad_();
  distributed::GradientReducer reducer({"used", "unused"}, {used, unused},
                                       ranks);
  TORCH_CHECK(reducer.bytes_per_step() == 16);
  reducer.average([&] { used.sum().backward(); });
});

TEST(GradientReducerErrors, NameParametersWithoutAGradient) {
  Team team("unused");
  for (const auto& outcome : team.wait()) {
    EXPECT_EQ(outcome.err,
              "GradientReducer: every parameter must get a gradient in the "
              "pass, got none for unused; leave out what the loss does not "
              "depend on");
  }
}

const Role kDifferent("different", [](distributed::ProcessGroup& ranks) {
  const auto weight = torch::ones({2 + ranks.rank()}).requires_grad_();
  const distributed::GradientReducer reducer({"weight"}, {weight}, ranks);
});

TEST(GradientReducerErrors, RefuseParametersThatDiffer) {
  Team team("different");
  for (const auto& outcome : team.wait()) {
    EXPECT_EQ(outcome.err,
              "ranks: the parameters must be the same on all, got 'weight "
              "Float [2]' on rank 0 and 'weight Float [3]' on rank 1; start "
              "all of them alike");
  }
}

const Role kConstant("constant", [](distributed::ProcessGroup& ranks) {
  const distributed::GradientReducer reducer({"mean"}, {torch::ones({2})},
                                             ranks);
});

TEST(GradientReducerErrors, RefuseTensorsWithoutGradients) {
  Team team("constant");
  for (const auto& outcome : team.wait()) {
    EXPECT_EQ(outcome.err,
              "GradientReducer: parameters must be leaves that record "
              "gradients, got mean, which is not; leave it out");
  }
}

}  // namespace
}  // namespace expandnet::testing
