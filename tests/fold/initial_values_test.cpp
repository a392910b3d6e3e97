#include <expandnet/fold/initial_values.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "testing.h"

namespace expandnet::testing {
namespace {

double spread(const at::Tensor& tensor) {
  return tensor.square().mean().sqrt().item<double>();
}

ExpansionOptions starting(InitialValues values) {
  return ExpansionOptions(Strategy::kCL).initial_values(values);
}

TEST(InitialValues, AreLibTorchsDefaultsForEveryFactor) {
  torch::manual_seed(0);
  const auto chain = plan(conv2d_layer(32, 64, 3), Strategy::kCL);

  const auto factors = initial_values(chain, {});

  // The second factor, 128 -> 256 and 3x3, against LibTorch's own.
  const torch::nn::Conv2d conv(torch::nn::Conv2dOptions(128, 256, 3));
  EXPECT_NEAR(spread(factors[1].weight) / spread(conv->weight), 1, 0.01);
  EXPECT_NEAR(
      (factors[1].weight.abs().max() / conv->weight.abs().max()).item<double>(),
      1, 0.001);
  EXPECT_NEAR(
      (factors[1].bias.abs().max() / conv->bias.abs().max()).item<double>(), 1,
      0.05);
}

TEST(InitialValues, CountTheFanOfTransposedLayersAsLibTorchDoes) {
  torch::manual_seed(0);
  auto layer = conv2d_layer(64, 16, 3);
  layer.transposed = true;
  layer.output_padding = {0, 0};

  const auto values = compact_default(layer);

  const torch::nn::ConvTranspose2d conv(
      torch::nn::ConvTranspose2dOptions(64, 16, 3));
  EXPECT_NEAR(
      (values.weight.abs().max() / conv->weight.abs().max()).item<double>(), 1,
      0.01);
}

TEST(InitialValues, DefaultsFoldToAThirdAndMatchedToTheCompactSpread) {
  torch::manual_seed(0);
  const auto layer = linear_layer(512, 64);
  const auto chain = plan(layer, {});
  const torch::nn::Linear compact(512, 64);
  const auto folded = [&](InitialValues values) {
    return spread(
        fold(chain,
             initial_values(chain, ExpansionOptions().initial_values(values)))
            .weight);
  };

  const auto target = spread(compact->weight);
  EXPECT_NEAR(folded(InitialValues::kDefault) / target, 1.0 / 3, 0.02);
  EXPECT_NEAR(folded(InitialValues::kMatched) / target, 1, 0.02);
}

TEST(InitialValues, MatchTheSpreadThatIsAskedFor) {
  for (const auto strategy :
       {Strategy::kFC, Strategy::kCL, Strategy::kCK, Strategy::kCKRep}) {
    const auto layer = strategy == Strategy::kFC
                           ? linear_layer(8, 12, /*bias=*/false)
                           : conv2d_layer(8, 12, 5, 2, /*bias=*/false);
    const auto options = ExpansionOptions(strategy)
                             .initial_values(InitialValues::kMatched)
                             .spread(0.37);
    const auto sum = plan(layer, options);
    const auto factors = initial_values(sum, options, at::kDouble);

    const auto first = plan_of_branch(sum, 0);  // each has it by itself
    const std::vector<Affine> own(
        factors.begin(),
        factors.begin() + static_cast<std::ptrdiff_t>(first.factors.size()));
    EXPECT_NEAR(spread(fold(first, own).weight), 0.37, 1e-12) << name(strategy);
  }
}

TEST(InitialValues, OfABranchAreItsOwnElseThoseOfTheOptions) {
  const auto layer = conv2d_layer(16, 16, 3, 1, /*bias=*/false);
  const auto spread_of = [&](std::optional<InitialValues> own,
                             InitialValues of_options) {
    torch::manual_seed(0);
    const auto options = ExpansionOptions()
                             .initial_values(of_options)
                             .branches({{Branch(BranchKind::kChain)
                                             .strategy(Strategy::kCL)
                                             .initial_values(own)}});
    const auto sum = plan(layer, options);
    return spread(fold(sum, initial_values(sum, options, at::kDouble)).weight);
  };
  const auto by_options = [&](InitialValues values) {
    return spread_of(std::nullopt, values);
  };
  for (const auto own :
       {InitialValues::kDefault, InitialValues::kMatched,
        InitialValues::kKaimingNormal, InitialValues::kKaimingNormalUngrouped,
        InitialValues::kNormal, InitialValues::kKaimingUniform}) {
    for (const auto others : {InitialValues::kDefault, InitialValues::kMatched,
                              InitialValues::kNormal}) {
      EXPECT_EQ(spread_of(own, others), by_options(own));
    }
  }
  EXPECT_GT(by_options(InitialValues::kMatched),
            2 * by_options(InitialValues::kDefault));
}

TEST(InitialValues, OfOrepaGiveWayToThoseThatAreAskedFor) {
  const auto layer = conv2d_layer(8, 8, 3, 1, /*bias=*/false);
  const auto first = [&](InitialValues values) {
    torch::manual_seed(0);
    const auto options =
        ExpansionOptions(Strategy::kOREPA).initial_values(values);
    return spread(
        initial_values(plan(layer, options), options, at::kDouble)[0].weight);
  };
  const auto own = std::sqrt(2. / (8 * 9));  // uniform in sqrt(6 / fan_in)
  EXPECT_NEAR(first(InitialValues::kDefault) / own, 1, 0.05);
  EXPECT_NEAR(first(InitialValues::kNormal) / 0.01, 1, 0.1);
}

TEST(InitialValues, KaimingNormalCountsGroupsUnlessToldOtherwise) {
  torch::manual_seed(0);
  const auto chain =
      plan(conv2d_layer(64, 64, 3, /*groups=*/64), Strategy::kCL);

  const auto grouped =
      initial_values(chain, starting(InitialValues::kKaimingNormal));
  const auto ungrouped =
      initial_values(chain, starting(InitialValues::kKaimingNormalUngrouped));

  // 256 outputs in 64 groups: 4 channels of 9 taps each.
  EXPECT_NEAR(spread(grouped[1].weight), std::sqrt(2.0 / (9 * 4)), 0.01);
  EXPECT_NEAR(spread(ungrouped[1].weight), std::sqrt(2.0 / (9 * 256)), 0.002);
  EXPECT_EQ(grouped[1].bias.abs().max().item<float>(), 0);
}

TEST(InitialValues, NormalTakesItsDeviation) {
  torch::manual_seed(0);
  const auto chain = plan(linear_layer(200, 100), {});

  const auto factors = initial_values(
      chain,
      ExpansionOptions().initial_values(InitialValues::kNormal).std(0.05));

  EXPECT_NEAR(spread(factors[0].weight), 0.05, 0.001);
  EXPECT_EQ(factors[0].bias.abs().max().item<float>(), 0);
}

TEST(InitialValues, PreservingFoldsToACompactDefault) {
  const auto layer = conv2d_layer(4, 6, 3);
  const auto chain = plan(layer, Strategy::kCL);
  torch::manual_seed(1);
  const auto compact = compact_default(layer, at::kDouble);

  torch::manual_seed(1);
  const auto folded = fold(
      chain,
      initial_values(chain, starting(InitialValues::kPreserving), at::kDouble));

  EXPECT_LE(relative_error(folded.weight, compact.weight), 1e-12);
  EXPECT_LE(relative_error(folded.bias, compact.bias), 1e-12);
}

TEST(InitialValues, OfHalfPrecisionAreFloat) {
  const auto factors =
      initial_values(plan(linear_layer(3, 4), {}), {}, at::kHalf);

  EXPECT_EQ(factors[0].weight.scalar_type(), at::kFloat);
}

TEST(InitialValues, AreOrderedForFolding) {
  const auto factors =
      initial_values(plan(conv2d_layer(4, 6, 3), Strategy::kCL), {});

  EXPECT_TRUE(factors[1].weight.is_contiguous(at::MemoryFormat::ChannelsLast));
}

TEST(InitialValueErrors, NameAnIntegerDtype) {
  EXPECT_EQ(error_of([] {
              static_cast<void>(
                  initial_values(plan(linear_layer(3, 4), {}), {}, at::kInt));
            }),
            "initial_values: factors must be floating point, got Int; use "
            "float or double");
}

TEST(InitialValueErrors, NameASpreadThatIsNone) {
  for (const auto& [spread, text] :
       {std::pair{0.0, "0"}, std::pair{-1.0, "-1"},
        std::pair{std::numeric_limits<double>::infinity(), "inf"}}) {
    const auto options = ExpansionOptions()
                             .initial_values(InitialValues::kMatched)
                             .spread(spread);
    EXPECT_EQ(error_of([&] {
                static_cast<void>(
                    initial_values(plan(linear_layer(3, 4), options), options));
              }),
              std::string("initial_values: the spread must be positive and "
                          "finite, got ") +
                  text);
  }
}

}  // namespace
}  // namespace expandnet::testing
