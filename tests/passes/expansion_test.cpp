#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <expandnet/passes/expand.h>
#include <gtest/gtest.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>
#include <torch/serialize.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "passes/pair.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

TEST(ExpansionGradients, AreThoseOfTheSum) {
  Pair pair(at::kDouble, Execution::kFolded);
  pair.net->eval();
  pair.expanded->eval();
  const auto x = torch::randn({4, 3, 12, 12}, at::kDouble);

  for (const auto& half : x.chunk(2)) {  // accumulated
    (loss_of(pair.net(half)) / 2).backward();
  }
  pair.expansion->pull_back();

  loss_of(pair.expanded(x)).backward();
  const auto expected = pair.expanded->named_parameters();
  for (const auto& entry : pair.expansion->named_parameters()) {
    EXPECT_LE(
        relative_error(entry.value().grad(), expected[entry.key()].grad()),
        1e-10)
        << entry.key();
  }
}

TEST(ExpansionGradients, MayBeClippedBetweenPullBackAndStep) {
  Pair pair(at::kDouble, Execution::kFolded);
  const auto x = torch::randn({4, 3, 12, 12}, at::kDouble);
  torch::optim::SGD by_weights(pair.expansion->parameters(), 1);
  torch::optim::SGD by_modules(pair.expanded->parameters(), 1);

  loss_of(pair.net(x)).backward();
  pair.expansion->pull_back();
  torch::nn::utils::clip_grad_norm_(pair.expansion->parameters(), 1e-3);
  pair.expansion->step(by_weights);

  loss_of(pair.expanded(x)).backward();
  torch::nn::utils::clip_grad_norm_(pair.expanded->parameters(), 1e-3);
  by_modules.step();

  const auto expected = pair.expanded->named_parameters();
  for (const auto& entry : pair.expansion->named_parameters()) {
    EXPECT_LE(relative_error(entry.value(), expected[entry.key()]), 1e-12)
        << entry.key();
  }
}

TEST(ExpansionGradients, ArePulledBackAgainAfterAnotherBackward) {
  Pair pair(at::kDouble, Execution::kFolded);
  pair.net->eval();
  const auto x = torch::randn({4, 3, 12, 12}, at::kDouble);
  const auto factor =
      pair.expansion->named_parameters()["conv1.chain.0.weight"];
  torch::optim::SGD optimizer(pair.expansion->parameters(), 0);

  loss_of(pair.net(x)).backward();
  pair.expansion->pull_back();
  const auto once = factor.grad().clone();
  loss_of(pair.net(x)).backward();
  pair.expansion->step(optimizer);

  EXPECT_LE(relative_error(factor.grad(), 2 * once), 1e-12);
}

TEST(ExpansionDecay, ActsOnTheFactors) {
  Pair pair(at::kDouble, Execution::kFolded);
  const auto x = torch::randn({4, 3, 12, 12}, at::kDouble);
  const auto options = torch::optim::AdamWOptions(0.01).weight_decay(0.1);
  torch::optim::AdamW by_weights(pair.expansion->parameters(), options);
  torch::optim::AdamW by_modules(pair.expanded->parameters(), options);

  for (int step = 0; step < 3; ++step) {
    pair.expansion->zero_grad();
    loss_of(pair.net(x)).backward();
    pair.expansion->step(by_weights);
    by_modules.zero_grad();
    loss_of(pair.expanded(x)).backward();
    by_modules.step();
  }

  const auto expected = pair.expanded->named_parameters();
  for (const auto& entry : pair.expansion->named_parameters()) {
    // Adam divides a vanishing gradient (of a bias before BatchNorm) by itself.
    if (entry.key().find("conv1") == 0) continue;
    EXPECT_LE(relative_error(entry.value(), expected[entry.key()]), 1e-8)
        << entry.key();
  }
}

TEST(ExpansionGroups, HaveTheirOwnRates) {
  Pair pair(at::kDouble, Execution::kFolded);
  const auto x = torch::randn({4, 3, 12, 12}, at::kDouble);
  std::vector<at::Tensor> still;
  std::vector<at::Tensor> moving;
  for (const auto& entry : pair.expansion->named_parameters()) {
    (entry.key().find("conv1") == 0 ? still : moving).push_back(entry.value());
  }
  torch::optim::SGD optimizer(
      std::vector<torch::optim::OptimizerParamGroup>{
          {still, std::make_unique<torch::optim::SGDOptions>(0.0)},
          {moving, std::make_unique<torch::optim::SGDOptions>(0.1)}},
      torch::optim::SGDOptions(0.1));
  const auto conv1 = pair.net->conv1->weight.detach().clone();
  const auto conv2 = pair.net->conv2->weight.detach().clone();

  loss_of(pair.net(x)).backward();
  pair.expansion->step(optimizer);

  EXPECT_TRUE(pair.net->conv1->weight.equal(conv1));
  EXPECT_FALSE(pair.net->conv2->weight.equal(conv2));
}

class ExpansionDtype : public ::testing::TestWithParam<at::ScalarType> {};

TEST_P(ExpansionDtype, KeepsFloatFactorsBesideAHalfModel) {
  torch::manual_seed(0);
  CompactNet net;
  auto expansion = expand_like_expanded_net(net);
  expansion.to(GetParam());
  torch::optim::SGD optimizer(expansion.parameters(), 0.05);
  const auto x = torch::randn({4, 3, 12, 12}).to(GetParam());

  const auto before = loss_of(net(x)).item<float>();
  for (int step = 0; step < 10; ++step) {
    expansion.zero_grad();
    loss_of(net(x)).backward();
    expansion.step(optimizer);
  }

  EXPECT_LT(loss_of(net(x)).item<float>(), before);
  const auto parameters = expansion.named_parameters();
  EXPECT_EQ(parameters["conv1.chain.0.weight"].scalar_type(), at::kFloat);
  EXPECT_EQ(parameters["conv1.chain.0.weight"].grad().scalar_type(),
            at::kFloat);
  EXPECT_EQ(net->conv1->weight.scalar_type(), GetParam());
  EXPECT_EQ(expansion.verify().layers.size(), 3U);
}

INSTANTIATE_TEST_SUITE_P(Halves, ExpansionDtype,
                         ::testing::Values(at::kBFloat16, at::kHalf),
                         [](const auto& test) {
                           return std::string(at::toString(test.param));
                         });

TEST(ExpansionTo, ConvertsModelAndFactorsTogether) {
  Pair pair(at::kFloat, Execution::kFolded);
  auto& expansion = *pair.expansion;
  const auto batches = torch::randn({4, 4, 3, 12, 12});
  const auto options = torch::optim::SGDOptions(0.05);
  torch::optim::SGD by_weights(expansion.parameters(), options);
  torch::optim::SGD by_modules(pair.expanded->parameters(), options);
  const auto train = [&](const at::Tensor& x) {
    expansion.zero_grad();
    loss_of(pair.net(x)).backward();
    expansion.step(by_weights);
    by_modules.zero_grad();
    loss_of(pair.expanded(x)).backward();
    by_modules.step();
  };
  train(batches[0]);

  expansion.to(at::kCPU);  // where it is
  train(batches[1]);
  expansion.to(at::kDouble);
  {
    // The factors are those of float, each exactly.
    const torch::NoGradGuard no_grad;
    pair.expanded->to(at::kDouble);
    const auto into = pair.expanded->named_parameters();
    for (const auto& entry : expansion.named_parameters()) {
      EXPECT_EQ(entry.value().scalar_type(), at::kDouble) << entry.key();
      EXPECT_TRUE(entry.value().equal(entry.value().to(at::kFloat)))
          << entry.key();
      into[entry.key()].copy_(entry.value());
    }
  }
  for (const auto& layer : expansion.verify().layers) {
    EXPECT_LE(layer.error_dtype, 1e-12) << layer.path;
  }
  // The optimizers go on.
  for (const auto& x : {batches[2], batches[3]}) train(x.to(at::kDouble));
  const auto expected = pair.expanded->named_parameters();
  for (const auto& entry : expansion.named_parameters()) {
    EXPECT_LE(relative_error(entry.value(), expected[entry.key()]), 1e-10)
        << entry.key();
  }

  expansion.to(at::kCPU, at::kFloat);
  pair.expanded->to(at::kFloat);
  EXPECT_EQ(pair.net->conv1->weight.scalar_type(), at::kFloat);
  train(batches[0]);
}

TEST(ExpansionTo, MovesModelAndFactorsTogether) {
  if (!at::hasCUDA()) GTEST_SKIP() << "no CUDA device to move to";
  Pair pair(at::kDouble, Execution::kFolded);
  auto& expansion = *pair.expansion;
  expansion.to(c10::Device(at::kCUDA, 0));
  for (const auto& entry : expansion.named_parameters()) {
    EXPECT_TRUE(entry.value().is_cuda()) << entry.key();
  }
  torch::optim::SGD optimizer(expansion.parameters(), 0.05);
  loss_of(pair.net(torch::randn({4, 3, 12, 12},
                                at::device(at::kCUDA).dtype(at::kDouble))))
      .backward();
  expansion.step(optimizer);
  for (const auto& layer : expansion.verify().layers) {
    EXPECT_LE(layer.error_dtype, 1e-12) << layer.path;
  }
}

TEST(ExpansionAutocast, LeavesTheFoldInFloat) {
  Pair pair(at::kFloat, Execution::kFolded);
  const auto x = torch::randn({4, 3, 12, 12});
  torch::optim::SGD optimizer(pair.expansion->parameters(), 0.05);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  loss_of(pair.net(x).to(at::kFloat)).backward();
  pair.expansion->step(optimizer);
  at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(at::kCPU, false);

  for (const auto& layer : pair.expansion->verify().layers) {
    EXPECT_LE(layer.error_dtype, 1e-5) << layer.path;
  }
}

TEST(ExpansionFormat, KeepsThatOfTheModel) {
  torch::manual_seed(0);
  CompactNet net;
  for (auto& parameter : net->parameters()) {
    if (parameter.dim() != 4) continue;
    parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
  }
  auto expansion = expand_like_expanded_net(net);
  torch::optim::SGD optimizer(expansion.parameters(), 0.05);
  const auto x =
      torch::randn({4, 3, 12, 12}).contiguous(at::MemoryFormat::ChannelsLast);

  loss_of(net(x)).backward();
  expansion.step(optimizer);

  EXPECT_TRUE(net->conv1->weight.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_FALSE(net->conv1->weight.is_contiguous());
}

TEST(ExpansionState, ResumesToTheSameBits) {
  const auto batches = torch::randn({6, 4, 3, 12, 12});
  const auto train = [&](CompactNet& net, Expansion& expansion,
                         torch::optim::SGD& optimizer, int from, int to) {
    for (int step = from; step < to; ++step) {
      expansion.zero_grad();
      loss_of(net(batches[step])).backward();
      expansion.step(optimizer);
    }
  };
  const auto options = torch::optim::SGDOptions(0.05).momentum(0.9);
  torch::manual_seed(0);
  CompactNet net;
  auto expansion = expand_like_expanded_net(net);
  torch::optim::SGD optimizer(expansion.parameters(), options);
  train(net, expansion, optimizer, 0, 3);
  std::stringstream model_file;
  std::stringstream factor_file;
  std::stringstream optimizer_file;
  torch::save(net, model_file);
  torch::save(expansion, factor_file);
  torch::save(optimizer, optimizer_file);
  train(net, expansion, optimizer, 3, 6);

  CompactNet resumed;
  auto resumed_expansion = expand_like_expanded_net(resumed);
  torch::optim::SGD resumed_optimizer(resumed_expansion.parameters(), options);
  torch::load(resumed, model_file);
  torch::load(resumed_expansion, factor_file);
  torch::load(resumed_optimizer, optimizer_file);
  train(resumed, resumed_expansion, resumed_optimizer, 3, 6);

  const auto expected = net->named_parameters();
  for (const auto& entry : resumed->named_parameters()) {
    EXPECT_TRUE(entry.value().equal(expected[entry.key()])) << entry.key();
  }
}

TEST(ExpansionContract, EndsItAndLeavesThePlainModel) {
  torch::manual_seed(0);
  CompactNet net;
  net->eval();
  const auto keys = net->named_parameters().keys();
  auto expansion = expand_like_expanded_net(net);
  const auto x = torch::randn({2, 3, 12, 12});
  const auto before = net(x);

  const auto report = expansion.contract();

  EXPECT_EQ(report.layers.size(), 3U);
  EXPECT_EQ(report.layers[0].path, "conv1");
  EXPECT_LE(report.layers[0].error_fp64, 1e-13);
  EXPECT_EQ(expansion.size(), 0U);
  EXPECT_EQ(net->named_parameters().keys(), keys);
  EXPECT_EQ(expansion.named_parameters().keys(), keys);
  EXPECT_LE(relative_error(net(x), before), 1e-5);
  static_cast<void>(expand(*net));  // and may be expanded anew
}

}  // namespace
}  // namespace expandnet::testing
