#include <expandnet/fold/plan.h>
#include <gtest/gtest.h>

#include <limits>
#include <utility>

#include "testing.h"

namespace expandnet::testing {
namespace {

using Kernels = std::vector<std::vector<std::int64_t>>;
using Widths = std::vector<std::int64_t>;

CompactLayer with_kernel(Widths kernel) {
  CompactLayer layer;
  layer.in_channels = 4;
  layer.out_channels = 6;
  layer.stride = Widths(kernel.size(), 2);
  layer.dilation = Widths(kernel.size(), 1);
  layer.padding_before = layer.padding_after = Widths(kernel.size(), 0);
  layer.output_padding = Widths(kernel.size(), 0);
  layer.kernel_size = std::move(kernel);
  return layer;
}

Kernels kernels_of(const Plan& plan) {
  Kernels kernels;
  for (const auto& factor : plan.factors) kernels.push_back(factor.kernel_size);
  return kernels;
}

std::int64_t added_by(const CompactLayer& layer,
                      const ExpansionOptions& options) {
  return plan(layer, options).parameter_count() - layer.parameter_count();
}

TEST(Plan, FollowsThePaper) {
  EXPECT_EQ(plan(linear_layer(512, 64), Strategy::kFC).widths(),
            "512 -> 2048 -> 256 -> 64");
  EXPECT_EQ(plan(conv2d_layer(3, 8, 3), Strategy::kCL).widths(),
            "3 -> 12 -> 32 -> 8");
  EXPECT_EQ(plan(conv2d_layer(3, 8, 5), Strategy::kCK).widths(),
            "3 -> 12 -> 8");
  EXPECT_EQ(plan(conv2d_layer(3, 8, 7), Strategy::kCK).widths(),
            "3 -> 12 -> 32 -> 8");
  EXPECT_EQ(plan(conv2d_layer(3, 8, 9), Strategy::kCK).widths(),
            "3 -> 12 -> 32 -> 32 -> 8");
}

TEST(Plan, SplitsEverySideByItself) {
  const auto split = [](Widths kernel) {
    return kernels_of(plan(with_kernel(std::move(kernel)), Strategy::kCK));
  };
  EXPECT_EQ(split({7, 7}), (Kernels{{3, 3}, {3, 3}, {3, 3}}));
  EXPECT_EQ(split({5, 3}), (Kernels{{3, 3}, {3, 1}}));
  EXPECT_EQ(split({1, 7}), (Kernels{{1, 3}, {1, 3}, {1, 3}}));
  EXPECT_EQ(split({4, 4}), (Kernels{{3, 3}, {2, 2}}));
  EXPECT_EQ(split({2, 6}), (Kernels{{2, 3}, {1, 3}, {1, 2}}));
  EXPECT_EQ(split({5}), (Kernels{{3}, {3}}));
  EXPECT_EQ(split({3, 5, 4}), (Kernels{{3, 3, 3}, {1, 3, 2}}));
}

TEST(Plan, PutsTheStrideWhereTheChainIsOneConvolution) {
  const auto strided = [](const CompactLayer& layer, Strategy strategy) {
    std::vector<std::int64_t> strides;
    for (const auto& factor : plan(layer, strategy).factors) {
      strides.push_back(factor.stride[0]);
    }
    return strides;
  };
  auto layer = with_kernel({7, 7});
  EXPECT_EQ(strided(layer, Strategy::kCL), (Widths{1, 2, 1}));
  EXPECT_EQ(strided(layer, Strategy::kCK), (Widths{1, 1, 2}));
  layer.transposed = true;
  EXPECT_EQ(strided(layer, Strategy::kCL), (Widths{1, 2, 1}));
  EXPECT_EQ(strided(layer, Strategy::kCK), (Widths{2, 1, 1}));
}

TEST(Plan, GivesTransposedChainsABiasOnTheLastFactorOnly) {
  auto layer = with_kernel({3, 3});
  layer.transposed = true;

  const auto chain = plan(layer, Strategy::kCL);

  EXPECT_FALSE(chain.factors[0].bias);
  EXPECT_FALSE(chain.factors[1].bias);
  EXPECT_TRUE(chain.factors[2].bias);
}

TEST(Plan, RoundsWidthsToMultiplesOfGroups) {
  const auto widths = [](double rate) {
    return plan(conv2d_layer(6, 9, 3, /*groups=*/3),
                ExpansionOptions(Strategy::kCL).rate(rate))
        .widths();
  };
  EXPECT_EQ(widths(4), "6 -> 24 -> 36 -> 9");
  EXPECT_EQ(widths(0.7), "6 -> 3 -> 6 -> 9");
  EXPECT_EQ(widths(0.01), "6 -> 3 -> 3 -> 9");
}

TEST(Plan, TakesExplicitWidthsAndDepths) {
  EXPECT_EQ(plan(conv2d_layer(3, 8, 7),
                 ExpansionOptions(Strategy::kCK).widths({3, 32}))
                .widths(),
            "3 -> 3 -> 32 -> 8");
  EXPECT_EQ(plan(linear_layer(10, 5), ExpansionOptions().depth(2)).widths(),
            "10 -> 40 -> 5");
  EXPECT_EQ(plan(linear_layer(10, 5), ExpansionOptions().depth(5)).widths(),
            "10 -> 40 -> 20 -> 20 -> 20 -> 5");
  EXPECT_EQ(
      plan(linear_layer(10, 5), ExpansionOptions().widths({7, 7, 7})).widths(),
      "10 -> 7 -> 7 -> 7 -> 5");
}

TEST(Plan, ChoosesThePapersStrategy) {
  EXPECT_EQ(default_strategy(linear_layer(4, 4)), Strategy::kFC);
  EXPECT_EQ(default_strategy(conv2d_layer(4, 4, 7)), Strategy::kCK);
  EXPECT_EQ(default_strategy(conv2d_layer(4, 4, 3)), Strategy::kCL);
  EXPECT_EQ(default_strategy(conv2d_layer(4, 4, 1)), std::nullopt);
  EXPECT_EQ(default_strategy(with_kernel({1, 5})), Strategy::kCK);
}

TEST(PlanErrors, NameRuleValueAndRemedy) {
  const auto error = [](const CompactLayer& layer,
                        const ExpansionOptions& options,
                        const Site& site = {"plan", ""}) {
    return error_of([&] { static_cast<void>(plan(layer, options, site)); });
  };
  const auto conv = conv2d_layer(4, 8, 3);
  const auto linear = linear_layer(4, 8);
  EXPECT_EQ(error(conv, Strategy::kCK, {"expand", "features.0"}),
            "expand: CK needs a kernel with a side above 3, got 3x3 at "
            "\"features.0\"; use CL");
  EXPECT_EQ(error(conv2d_layer(4, 8, 1), Strategy::kCK),
            "plan: CK needs a kernel with a side above 3, got 1x1; leave the "
            "layer compact");
  EXPECT_EQ(error(conv, Strategy::kFC),
            "plan: FC needs a linear layer, got a 3x3 convolution; use CL or "
            "CK");
  EXPECT_EQ(error(linear, Strategy::kCL),
            "plan: CL needs a convolution, got a linear layer; use FC");
  EXPECT_EQ(error(linear, Strategy::kCK),
            "plan: CK needs a convolution, got a linear layer; use FC");
  EXPECT_EQ(error(conv2d_layer(4, 8, 1), {}),
            "plan: a 1x1 kernel has no default strategy, got 1x1; leave the "
            "layer compact, or name a strategy");
  EXPECT_EQ(error(conv, ExpansionOptions().rate(0)),
            "plan: rate must be positive and finite, got 0");
  EXPECT_EQ(error(conv, ExpansionOptions().rate(-1.5)),
            "plan: rate must be positive and finite, got -1.5");
  EXPECT_EQ(error(conv, ExpansionOptions().rate(
                            std::numeric_limits<double>::quiet_NaN())),
            "plan: rate must be positive and finite, got nan");
  EXPECT_EQ(error(conv, ExpansionOptions().rate(1e300)),
            "plan: rate must give a width of at most 2^30 channels, got 1e+300 "
            "for 8 channels");
  EXPECT_EQ(error(conv, ExpansionOptions().widths({3})),
            "plan: a chain of 3 factors needs 2 interior widths, got [3]");
  EXPECT_EQ(error(conv2d_layer(4, 8, 3, 2), ExpansionOptions().widths({4, 5})),
            "plan: interior widths must be positive multiples of groups (2), "
            "got [4, 5]");
  EXPECT_EQ(error(linear, ExpansionOptions().depth(1)),
            "plan: depth must be at least 2, got 1");
  EXPECT_EQ(error(conv2d_layer(3, 8, 3, 2), {}),
            "plan: channels must be divisible by groups, got 3 -> 8 with 2 "
            "groups; choose groups that divide both");
  EXPECT_EQ(error(linear_layer(0, 8), {}),
            "plan: channels must be positive, got 0 -> 8");
}

// Parameter counts of the paper's networks; shared parts (BatchNorm, logits,
// layers left compact) are in the compact count.
TEST(PaperCounts, SmallNetWithSevens) {
  constexpr std::int64_t kCompact = 66186;
  const auto first = conv2d_layer(3, 8, 7);
  const auto second = conv2d_layer(8, 16, 7);
  const auto third = conv2d_layer(16, 32, 7);
  const auto fc = added_by(linear_layer(512, 64), Strategy::kFC);
  const auto convs = [&](Strategy strategy) {
    return added_by(first, ExpansionOptions(strategy).widths({3, 32})) +
           added_by(second, strategy) + added_by(third, strategy);
  };
  EXPECT_EQ(kCompact + fc, 1624970);
  EXPECT_EQ(kCompact + convs(Strategy::kCL), 547102);
  EXPECT_EQ(kCompact + convs(Strategy::kCL) + fc, 2105886);
  EXPECT_EQ(kCompact + convs(Strategy::kCK), 186982);
  EXPECT_EQ(kCompact + convs(Strategy::kCK) + fc, 1745766);
}

TEST(PaperCounts, SmallNetWithThrees) {
  constexpr std::int64_t kCompact = 15050;
  const auto fc = added_by(linear_layer(128, 64), Strategy::kFC);
  const auto convs = added_by(conv2d_layer(3, 8, 3),
                              ExpansionOptions(Strategy::kCL).widths({3, 32})) +
                     added_by(conv2d_layer(8, 16, 3), Strategy::kCL) +
                     added_by(conv2d_layer(16, 32, 3), Strategy::kCL);
  EXPECT_EQ(kCompact + fc, 220618);
  EXPECT_EQ(kCompact + convs, 109086);
  EXPECT_EQ(kCompact + convs + fc, 314654);
}

TEST(PaperCounts, AnalysisNetAtThreeRates) {
  constexpr std::int64_t kCompact = 150346;
  const auto expanded = [](double rate) {
    auto count = kCompact;
    std::int64_t in = 3;
    for (const std::int64_t out : {8, 16, 32, 64}) {
      count += added_by(conv2d_layer(in, out, 7),
                        ExpansionOptions(Strategy::kCL).rate(rate));
      in = out;
    }
    return count;
  };
  EXPECT_EQ(expanded(2), 562954);
  EXPECT_EQ(expanded(4), 2171554);
  EXPECT_EQ(expanded(8), 8578066);
}

TEST(PaperCounts, ImageNetNetworks) {
  const auto depthwise = [](std::int64_t channels) {
    return added_by(conv2d_layer(channels, channels, 3, channels, false),
                    Strategy::kCL);
  };
  const auto first = [](std::int64_t channels) {
    return added_by(conv2d_layer(3, channels, 3, 1, false), Strategy::kCL);
  };
  auto mobilenet_v1 = 4231976 + first(32);
  for (const auto channels :
       {32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024}) {
    mobilenet_v1 += depthwise(channels);
  }
  EXPECT_EQ(mobilenet_v1, 4958348);

  auto mobilenet_v2 = 3504872 + first(32);
  for (const auto channels : {96, 144, 192, 576}) {
    mobilenet_v2 += depthwise(channels);
  }
  EXPECT_EQ(mobilenet_v2, 3666108);

  auto shufflenet_v2 = 1366792 + first(24);
  for (const auto& [channels, blocks] :
       {std::pair{24, 4}, std::pair{48, 8}, std::pair{96, 4}}) {
    // The first block of a stage has a depthwise convolution in both branches.
    shufflenet_v2 += (blocks + 1) * depthwise(channels);
  }
  EXPECT_EQ(shufflenet_v2, 1526428);
}

}  // namespace
}  // namespace expandnet::testing
