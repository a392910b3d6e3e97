#include <expandnet/fold/factorize.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "random_geometry.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

Affine random_compact(const CompactLayer& layer, at::ScalarType dtype) {
  return {
      torch::randn(layer.weight_sizes(), dtype),
      layer.bias ? torch::randn({layer.out_channels}, dtype) : at::Tensor()};
}

/// Whether interior widths leave room for an exact factorization, whichever
/// factor is solved for.
bool is_wide(const Plan& plan) {
  const auto least = std::max(plan.layer.in_channels, plan.layer.out_channels);
  for (std::size_t i = 0; i + 1 < plan.factors.size(); ++i) {
    if (plan.factors[i].out_channels < least) return false;
  }
  return true;
}

TEST(Factorize, IsExactForFcAndCl) {
  int tried = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    auto geometry = random_geometry(seed, at::kDouble);
    auto& plan = geometry.plan;
    if (plan.strategy == Strategy::kCK || !is_wide(plan)) continue;
    plan.factors.back().bias = plan.layer.bias;
    ++tried;
    const auto compact = random_compact(plan.layer, at::kDouble);

    const auto [factors, residual] = factorize(plan, compact);

    const auto folded = fold(plan, factors);
    EXPECT_LE(residual, 1e-12) << "seed " << seed;
    EXPECT_LE(relative_error(folded.weight, compact.weight), 1e-12)
        << "seed " << seed << ": " << describe_geometry(geometry);
    if (plan.layer.bias) {
      EXPECT_LE(relative_error(folded.bias, compact.bias), 1e-12);
    }
  }
  EXPECT_GE(tried, 60);
}

TEST(Factorize, IsExactAtEveryRateFromOne) {
  torch::manual_seed(0);
  for (const auto rate : {1.0, 1.5, 4.0}) {
    for (const auto& layer :
         {linear_layer(7, 3), linear_layer(3, 7), conv2d_layer(4, 9, 3),
          conv2d_layer(6, 6, 3, 6), conv2d_layer(8, 4, 5, 2)}) {
      const auto chain = plan(
          layer, ExpansionOptions(layer.kernel_size.empty() ? Strategy::kFC
                                                            : Strategy::kCL)
                     .rate(rate));
      const auto compact = random_compact(layer, at::kDouble);

      const auto [factors, residual] = factorize(chain, compact);

      EXPECT_LE(relative_error(fold(chain, factors).weight, compact.weight),
                1e-12)
          << chain.widths() << " at rate " << rate;
    }
  }
}

TEST(Factorize, ReportsTheResidualOfCk) {
  torch::manual_seed(0);
  for (const auto kernel : {4, 5, 7}) {
    const auto chain = plan(conv2d_layer(4, 6, kernel), Strategy::kCK);
    const auto compact = random_compact(chain.layer, at::kDouble);

    const auto [factors, residual] = factorize(chain, compact);

    const auto error = fold(chain, factors).weight - compact.weight;
    const auto measured = (error.norm() / compact.weight.norm()).item<double>();
    EXPECT_NEAR(measured, residual, 1e-12) << "kernel " << kernel;
    EXPECT_LE(residual, 1e-6) << "kernel " << kernel;
  }
}

/// Giving up changes nothing of what reaches the goal, and little of what does
/// not: seven by seven in three kernels of three by three.
TEST(Factorize, GivesUpOnlyWhatWouldNotReachTheGoal) {
  constexpr double kGoal = 1e-6;
  const auto solved = [](const Plan& chain, double needed) {
    torch::manual_seed(0);
    const auto compact = random_compact(chain.layer, at::kDouble);
    FactorizeOptions options;
    options.needed = needed;
    return factorize(chain, compact, options);
  };
  const auto wide =
      plan(conv2d_layer(3, 8, 7), ExpansionOptions(Strategy::kCK).rate(4));
  const auto kept = solved(wide, kGoal), best = solved(wide, 0);
  EXPECT_LE(best.residual, kGoal);
  EXPECT_LE(kept.residual, kGoal);

  const auto narrow =
      plan(conv2d_layer(8, 8, 7), ExpansionOptions(Strategy::kCK).rate(1));
  const auto given_up = solved(narrow, kGoal);
  EXPECT_GT(given_up.residual, kGoal);
  EXPECT_LE(given_up.residual, 1.5 * solved(narrow, 0).residual);
}

TEST(Factorize, ReportsWhatANarrowChainCannotHold) {
  torch::manual_seed(0);
  const auto chain =
      plan(linear_layer(8, 8), ExpansionOptions().widths({2, 2}));
  const auto compact = random_compact(chain.layer, at::kDouble);
  const auto best = std::get<1>(torch::svd(compact.weight));

  const auto residual = factorize(chain, compact).residual;

  // The best fit of rank 2 (Eckart and Young).
  const auto expected = (best.slice(0, 2).norm() / best.norm()).item<double>();
  EXPECT_NEAR(residual, expected, 0.01 * expected);
}

TEST(Factorize, BalancesTheNormsSoThatEveryFactorLearns) {
  torch::manual_seed(0);
  const auto chain = plan(conv2d_layer(4, 6, 3), Strategy::kCL);

  const auto factors =
      factorize(chain, random_compact(chain.layer, at::kDouble)).factors;

  const auto norm = factors[0].weight.norm().item<double>();
  EXPECT_NEAR(factors[1].weight.norm().item<double>(), norm, 1e-9 * norm);
  EXPECT_NEAR(factors[2].weight.norm().item<double>(), norm, 1e-9 * norm);
}

TEST(Factorize, UsesAllOfTheWidthGained) {
  // A middle factor of the weight's own rank would keep the training in a
  // chain no wider than the layer.
  torch::manual_seed(0);
  const auto chain = plan(linear_layer(3, 3), Strategy::kFC);

  const auto factors =
      factorize(chain, random_compact(chain.layer, at::kDouble)).factors;

  const auto values = std::get<1>(torch::svd(factors[1].weight));
  EXPECT_GT((values[11] / values[0]).item<double>(), 1e-3);
}

TEST(Factorize, KeepsDtypeAndTakesTheDefaultMemoryOrder) {
  torch::manual_seed(0);
  const auto chain = plan(conv2d_layer(4, 6, 3), Strategy::kCL);

  const auto single =
      factorize(chain, random_compact(chain.layer, at::kFloat)).factors;
  const auto half =
      factorize(chain, random_compact(chain.layer, at::kHalf)).factors;

  EXPECT_EQ(single[1].weight.scalar_type(), at::kFloat);
  EXPECT_EQ(half[1].weight.scalar_type(), at::kFloat);
  EXPECT_TRUE(single[1].weight.is_contiguous(at::MemoryFormat::ChannelsLast));
}

TEST(Factorize, TakesAZeroWeight) {
  const auto chain = plan(conv2d_layer(4, 6, 3), Strategy::kCL);

  const auto [factors, residual] =
      factorize(chain, {torch::zeros({6, 4, 3, 3}), torch::zeros({6})});

  EXPECT_EQ(residual, 0);
  EXPECT_EQ(fold(chain, factors).weight.abs().max().item<float>(), 0);
}

TEST(FactorizeErrors, NameShapeAndValues) {
  const auto chain = plan(conv2d_layer(3, 5, 3), Strategy::kCL);
  const auto error = [&](const Affine& compact) {
    return error_of([&] { static_cast<void>(factorize(chain, compact)); });
  };
  const auto weight = torch::ones({5, 3, 3, 3});
  EXPECT_EQ(error({torch::ones({5, 3, 1, 1}), torch::ones({5})}),
            "factorize: the weight must be [5, 3, 3, 3], got [5, 3, 1, 1]");
  EXPECT_EQ(error({weight, {}}), "factorize: the layer has a bias, got none");
  EXPECT_EQ(error({weight, torch::ones({3})}),
            "factorize: the bias must be [5], got [3]");
  EXPECT_EQ(error({weight / 0, torch::ones({5})}),
            "factorize: weight and bias must be finite, got inf or nan among "
            "them");
  EXPECT_EQ(error({weight.to(at::kLong), torch::ones({5})}),
            "factorize: the weight must be floating point, got Long");
}

}  // namespace
}  // namespace expandnet::testing
