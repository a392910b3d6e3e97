#include <expandnet/passes/expand.h>
#include <gtest/gtest.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/schedulers/step_lr.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <regex>
#include <vector>

#include "passes/pair.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

using torch::nn::Conv2dOptions;

struct Trajectory {
  Precision precision;
  Execution execution;
};

class WeightSpace : public ::testing::TestWithParam<Trajectory> {};

TEST_P(WeightSpace, TrainsLikeTheModules) {
  const auto& [precision, execution] = GetParam();
  Pair pair(precision.dtype, execution);
  const auto batches = torch::randn({20, 4, 3, 12, 12}, precision.dtype);
  const auto options = torch::optim::SGDOptions(0.05).momentum(0.9);
  torch::optim::SGD by_weights(pair.expansion->parameters(), options);
  torch::optim::SGD by_modules(pair.expanded->parameters(), options);
  torch::optim::StepLR weights_schedule(by_weights, 8, 0.1);
  torch::optim::StepLR modules_schedule(by_modules, 8, 0.1);

  for (int step = 0; step < 20; ++step) {
    pair.expansion->zero_grad();
    loss_of(pair.net(batches[step])).backward();
    pair.expansion->step(by_weights);
    weights_schedule.step();

    by_modules.zero_grad();
    loss_of(pair.expanded(batches[step])).backward();
    by_modules.step();
    modules_schedule.step();
  }

  const auto expected = pair.expanded->named_parameters();
  for (const auto& entry : pair.expansion->named_parameters()) {
    EXPECT_LE(relative_error(entry.value(), expected[entry.key()]),
              precision.tolerance)
        << entry.key();
  }
  pair.net->eval();
  pair.expanded->eval();
  EXPECT_LE(relative_error(pair.net(batches[0]), pair.expanded(batches[0])),
            precision.tolerance);
}

// Twenty steps amplify rounding some hundred times.
INSTANTIATE_TEST_SUITE_P(
    Trajectories, WeightSpace,
    ::testing::Values(Trajectory{{at::kDouble, 1e-10}, Execution::kFolded},
                      Trajectory{{at::kDouble, 1e-10}, Execution::kChained},
                      Trajectory{{at::kFloat, 2e-3}, Execution::kFolded},
                      Trajectory{{at::kFloat, 2e-3}, Execution::kChained}),
    [](const auto& test) {
      return name_of(test.param.precision) +
             (test.param.execution == Execution::kFolded ? "Folded"
                                                         : "Chained");
    });

TEST(Expand, MatchesTheSpreadThatEachLayerStartsFrom) {
  torch::manual_seed(0);
  torch::nn::Sequential net(
      torch::nn::Conv2d(Conv2dOptions(4, 8, 3).bias(false)),
      torch::nn::Linear(16, 8), torch::nn::Linear(8, 8),
      torch::nn::Linear(8, 4));  // the head stays compact
  const auto weight_of = [&](std::size_t i) {
    return net->ptr(i)->named_parameters()["weight"];
  };
  const auto spread_of = [&](std::size_t i) {
    return weight_of(i).square().mean().sqrt().item<double>();
  };
  {
    const torch::NoGradGuard no_grad;
    torch::nn::init::normal_(weight_of(0), 0, 0.3);
    weight_of(1).mul_(1e-3);
    weight_of(2).zero_();
  }
  const std::vector<double> before = {spread_of(0), spread_of(1)};
  const auto matched =
      ExpansionOptions().initial_values(InitialValues::kMatched);

  auto expansion = expand(*net, matched);

  EXPECT_NEAR(spread_of(0) / before[0], 1, 1e-5);
  EXPECT_NEAR(spread_of(1) / before[1], 1, 1e-5);
  // LibTorch's default, where the layer's own weight is zero.
  EXPECT_NEAR(spread_of(2) * std::sqrt(3 * 8), 1, 1e-5);
}

TEST(Expand, MatchesTheBranchThatIsToBeMatched) {
  torch::manual_seed(0);
  torch::nn::Sequential net(
      torch::nn::Conv2d(Conv2dOptions(8, 8, 3).bias(false)));
  const auto weight = net->ptr(0)->named_parameters()["weight"];
  {
    const torch::NoGradGuard no_grad;
    torch::nn::init::normal_(weight, 0, 0.3);
  }
  const auto spread = [&] {
    return weight.square().mean().sqrt().item<double>();
  };
  const auto before = spread();

  // The only branch, so that the fold is its own.
  auto expansion =
      expand(*net, ExpansionOptions().branches(
                       {{Branch(BranchKind::kChain)
                             .strategy(Strategy::kCL)
                             .initial_values(InitialValues::kMatched)}}));

  EXPECT_NEAR(spread() / before, 1, 1e-5);  // in float
}

TEST(Expand, FollowsThePaperWithoutASelector) {
  class Net : public torch::nn::Module {
   public:
    Net() {
      register_module("wide", torch::nn::Conv2d(Conv2dOptions(3, 8, 7)));
      register_module("usual", torch::nn::Conv2d(Conv2dOptions(8, 8, 3)));
      register_module("point", torch::nn::Conv2d(Conv2dOptions(8, 8, 1)));
      register_module("hidden", torch::nn::Linear(8, 8));
      register_module("logits", torch::nn::Linear(8, 4));
    }
  };
  Net net;

  const auto rows = expand(net).summary().rows;

  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0].path + ": " + rows[0].expansion,
            "wide: CK 3 -> 12 -> 32 -> 8");
  EXPECT_EQ(rows[1].path + ": " + rows[1].expansion,
            "usual: CL 8 -> 32 -> 32 -> 8");
  EXPECT_EQ(rows[2].path + ": " + rows[2].expansion,
            "hidden: FC 8 -> 32 -> 32 -> 8");
  EXPECT_EQ(rows[3].path, "(other)");
  EXPECT_EQ(rows[3].train_parameters, 72 + 36);
}

TEST(Expand, TakesASelectorThatAsksTheUsualOne) {
  CompactNet net;
  const auto usual = default_selector(*net, ExpansionOptions().rate(2));

  const auto expansion = expand(
      *net, [&](const std::string& path, const torch::nn::Module& layer) {
        return path == "conv1" ? std::nullopt : usual(path, layer);
      });

  const auto parameters = expansion.named_parameters();
  EXPECT_TRUE(parameters.contains("conv1.weight"));
  EXPECT_TRUE(parameters.contains("conv2.chain.2.weight"));
  EXPECT_FALSE(parameters.contains("conv2.weight"));
}

TEST(Expand, LimitsItselfToTheStrategyNamed) {
  CompactNet net;

  EXPECT_EQ(expand(*net, Strategy::kFC).size(), 1U);
  EXPECT_EQ(expand(*net, Strategy::kCK).size(), 1U);
  EXPECT_EQ(expand(*net, Strategy::kCL).size(), 2U);
}

TEST(Expand, PreservesTheFunction) {
  torch::manual_seed(0);
  CompactNet net;
  net->to(at::kDouble);
  net->eval();
  const auto x = torch::randn({2, 3, 12, 12}, at::kDouble);
  const auto before = net(x);

  const auto expansion =
      expand(*net, ExpansionOptions(Strategy::kCL)
                       .initial_values(InitialValues::kPreserving));

  EXPECT_LE(relative_error(net(x), before), 1e-12);
  EXPECT_EQ(expansion.size(), 2U);
}

TEST(Expand, PreservesLinearLayersAndFitsTheRest) {
  torch::manual_seed(0);
  CompactNet net;
  net->to(at::kDouble);
  const auto fc1 = net->fc1->weight.detach().clone();
  const auto conv1 = net->conv1->weight.detach().clone();

  const auto expansion = expand(
      *net, ExpansionOptions().initial_values(InitialValues::kPreserving));

  EXPECT_LE(relative_error(net->fc1->weight, fc1), 1e-12);
  EXPECT_LE(relative_error(net->conv1->weight, conv1), 1e-6);  // least squares
}

/// At rate 1 three kernels of 3x3 have fewer numbers than one of 7x7.
TEST(Expand, PreservesByClWhatCkCannotHold) {
  torch::manual_seed(0);
  torch::nn::Sequential net(
      torch::nn::Conv2d(torch::nn::Conv2dOptions(8, 8, 7).padding(3)),
      torch::nn::Conv2d(torch::nn::Conv2dOptions(8, 8, 3)));
  net->to(at::kDouble);
  const auto x = torch::randn({2, 8, 9, 9}, at::kDouble);
  const auto before = net->forward(x);

  auto expansion = expand(*net, ExpansionOptions().rate(1).initial_values(
                                    InitialValues::kPreserving));

  EXPECT_LE(relative_error(net->forward(x), before), 1e-12);
  ASSERT_EQ(expansion.notes().size(), 1U);
  EXPECT_TRUE(std::regex_match(
      expansion.notes().front(),
      std::regex("\"0\" is expanded by CL: CK would keep its weight to "
                 "[0-9.]+e-0[0-5], CL keeps it to [0-9.]+e-1[0-9]")))
      << expansion.notes().front();
  expansion.contract();
  EXPECT_LE(relative_error(net->forward(x), before), 1e-12);
}

TEST(Expand, NotesChainsThatAreTooNarrowToPreserve) {
  torch::manual_seed(0);
  torch::nn::Sequential net(
      torch::nn::Conv2d(torch::nn::Conv2dOptions(8, 8, 3)));

  const auto expansion = expand(
      *net,
      ExpansionOptions().rate(0.25).initial_values(InitialValues::kPreserving));

  ASSERT_EQ(expansion.notes().size(), 1U);
  EXPECT_TRUE(std::regex_match(
      expansion.notes().front(),
      std::regex("\"0\" keeps its weight to [0-9.]+e-0[0-2]: a wider chain "
                 "keeps all of it")))
      << expansion.notes().front();
}

TEST(Expand, TakesEveryKindOfLayer) {
  torch::manual_seed(0);
  torch::nn::Sequential net(
      torch::nn::Conv3d(torch::nn::Conv3dOptions(2, 4, 3).padding(1).stride(2)),
      torch::nn::Flatten(torch::nn::FlattenOptions().start_dim(2).end_dim(3)),
      torch::nn::ConvTranspose2d(
          torch::nn::ConvTranspose2dOptions(4, 6, {4, 5}).stride(2).groups(2)),
      torch::nn::Flatten(torch::nn::FlattenOptions().start_dim(2)),
      torch::nn::Conv1d(torch::nn::Conv1dOptions(6, 3, 4).dilation(2)),
      torch::nn::ConvTranspose1d(torch::nn::ConvTranspose1dOptions(3, 2, 3)),
      torch::nn::Linear(216, 4), torch::nn::Linear(4, 2));
  net->to(at::kDouble);
  auto expansion = expand(*net);
  torch::optim::SGD optimizer(expansion.parameters(), 0.1);
  const auto x = torch::randn({2, 2, 5, 6, 7}, at::kDouble);

  const auto first = loss_of(net->forward(x)).item<double>();
  for (int step = 0; step < 5; ++step) {
    expansion.zero_grad();
    loss_of(net->forward(x)).backward();
    expansion.step(optimizer);
  }

  EXPECT_EQ(expansion.size(), 5U);
  EXPECT_LT(loss_of(net->forward(x)).item<double>(), first);
  for (const auto& layer : expansion.verify().layers) {
    EXPECT_LE(layer.error_dtype, 1e-12) << layer.path;
  }
}

TEST(Expand, OverwritesTheModelWithFreshChains) {
  torch::manual_seed(0);
  CompactNet net;
  const auto before = net->conv1->weight.detach().clone();

  const auto expansion = expand(*net);

  EXPECT_FALSE(net->conv1->weight.equal(before));
  EXPECT_LE(expansion.verify().layers.at(0).error_dtype, 1e-5);
}

TEST(Expand, TakesSharedFrozenAndUnusedLayers) {
  class Net : public torch::nn::Module {
   public:
    Net() {
      shared = register_module(
          "shared", torch::nn::Conv2d(Conv2dOptions(4, 4, 3).padding(1)));
      register_module("again", shared);
      frozen =
          register_module("frozen", torch::nn::Conv2d(Conv2dOptions(4, 4, 3)));
      for (auto& parameter : frozen->parameters()) {
        parameter.requires_grad_(false);
      }
      unused =
          register_module("unused", torch::nn::Conv2d(Conv2dOptions(4, 4, 3)));
    }
    torch::nn::Conv2d shared{nullptr}, frozen{nullptr}, unused{nullptr};
  };
  torch::manual_seed(0);
  Net net;
  auto expansion = expand(net);
  torch::optim::SGD optimizer(expansion.parameters(), 0.1);
  const auto x = torch::randn({1, 4, 8, 8});
  const auto unused = net.unused->weight.detach().clone();
  const auto frozen = net.frozen->weight.detach().clone();
  const auto shared = net.shared->weight.detach().clone();

  expansion.zero_grad();
  net.frozen(net.shared(net.shared(x))).square().mean().backward();
  expansion.step(optimizer);

  EXPECT_EQ(expansion.notes(),
            (std::vector<std::string>{
                "\"frozen\" stays compact: frozen (requires_grad is false)"}));
  EXPECT_TRUE(net.unused->weight.equal(unused));
  EXPECT_TRUE(net.frozen->weight.equal(frozen));
  EXPECT_FALSE(net.shared->weight.equal(shared));
  const auto parameters = expansion.named_parameters();
  EXPECT_FALSE(parameters["unused.chain.0.weight"].grad().defined());
  EXPECT_TRUE(parameters["shared.chain.0.weight"].grad().defined());
}

TEST(Expand, FoldsDepthwiseChainsOfOneShapeTogether) {
  torch::manual_seed(0);
  const auto depthwise = [](std::int64_t channels) {
    return Conv2dOptions(channels, channels, 3).padding(1).groups(channels);
  };
  using torch::nn::Conv2d;
  torch::nn::Sequential net(
      Conv2d(depthwise(4)), Conv2d(Conv2dOptions(4, 6, 1)),
      Conv2d(depthwise(6)), Conv2d(Conv2dOptions(6, 5, 1)),
      Conv2d(depthwise(5)));
  net->to(at::kDouble);
  auto expansion = expand(*net);
  torch::optim::SGD optimizer(expansion.parameters(), 0.1);
  // Each chain by itself.
  torch::nn::Sequential modules(
      ExpandedConv2d(depthwise(4)), Conv2d(Conv2dOptions(4, 6, 1)),
      ExpandedConv2d(depthwise(6)), Conv2d(Conv2dOptions(6, 5, 1)),
      ExpandedConv2d(depthwise(5)));
  modules->to(at::kDouble);
  const auto alone = modules->named_parameters();
  {
    const torch::NoGradGuard no_grad;
    for (const auto& entry : expansion.named_parameters()) {
      alone[entry.key()].copy_(entry.value());
    }
  }
  torch::optim::SGD optimizer_alone(modules->parameters(), 0.1);
  const auto x = torch::randn({2, 4, 7, 7}, at::kDouble);

  for (int step = 0; step < 3; ++step) {
    expansion.zero_grad();
    loss_of(net->forward(x)).backward();
    expansion.step(optimizer);
    optimizer_alone.zero_grad();
    loss_of(modules->forward(x)).backward();
    optimizer_alone.step();
  }

  for (const auto& entry : expansion.named_parameters()) {
    EXPECT_LE(relative_error(entry.value(), alone[entry.key()]), 1e-12)
        << entry.key();
  }
  // Slices of one memory, yet each the chain of its own layer.
  const auto parameters = expansion.named_parameters();
  EXPECT_TRUE(parameters["0.chain.1.weight"].is_alias_of(
      parameters["4.chain.1.weight"]));
  for (const auto& layer : expansion.verify().layers) {
    EXPECT_LE(layer.error_dtype, 1e-12) << layer.path;
  }
}

}  // namespace
}  // namespace expandnet::testing
