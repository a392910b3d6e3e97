#include <expandnet/fold/fold.h>
#include <expandnet/nn/run.h>
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "fold/compose.h"
#include "random_geometry.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

constexpr std::uint64_t kGeometries = 600;

class Fold : public ::testing::TestWithParam<Precision> {};

TEST_P(Fold, ComputesWhatTheChainComputesOverFeatureMaps) {
  const auto [dtype, tolerance] = GetParam();
  for (std::uint64_t seed = 0; seed < kGeometries; ++seed) {
    const auto geometry = random_geometry(seed, dtype);
    const auto& [plan, factors, input] = geometry;

    const auto folded = fold(plan, factors);

    EXPECT_EQ(folded.bias.defined(), plan.layer.bias);
    EXPECT_LE(relative_error(
                  run_compact(plan.layer, {folded.weight, folded.bias}, input),
                  run_chain(plan, factors, input)),
              tolerance)
        << "seed " << seed << ": " << describe_geometry(geometry);
  }
}

TEST_P(Fold, IsDifferentiableInEveryFactor) {
  const auto [dtype, tolerance] = GetParam();
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto [plan, factors, input] = random_geometry(seed, dtype);
    const auto leaves = tensors_of(with_gradients(factors));

    const auto folded = fold(plan, factors);
    const auto by_fold = torch::autograd::grad(
        {run_compact(plan.layer, {folded.weight, folded.bias}, input)
             .square()
             .sum()},
        leaves);
    const auto by_chain = torch::autograd::grad(
        {run_chain(plan, factors, input).square().sum()}, leaves);

    for (std::size_t i = 0; i < leaves.size(); ++i) {
      EXPECT_LE(relative_error(by_fold[i], by_chain[i]), 10 * tolerance)
          << "seed " << seed << ", tensor " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Precisions, Fold, ::testing::Values(kDouble, kFloat),
                         [](const auto& test) { return name_of(test.param); });

TEST(FoldPrecision, HalfFactorsFoldInFloat) {
  torch::manual_seed(0);
  const auto chain = plan(conv2d_layer(3, 4, 3), Strategy::kCL);
  const auto exact = random_factors(chain, at::kFloat);
  std::vector<Affine> half;
  half.reserve(exact.size());
  for (const auto& [weight, bias] : exact) {
    half.push_back({weight.to(at::kHalf), bias.to(at::kHalf)});
  }

  const auto folded = fold(chain, half);

  EXPECT_EQ(folded.weight.scalar_type(), at::kFloat);
  // Three roundings of the factors to eleven bits, and no more.
  EXPECT_LE(relative_error(folded.weight, fold(chain, exact).weight), 3e-3);
}

TEST(FoldMemory, OfTheLibrarysFactorsMovesNoKernel) {
  torch::manual_seed(0);
  const auto chain = plan(conv2d_layer(4, 6, 5), Strategy::kCL);
  const auto factors = random_factors(chain, at::kFloat);

  const auto folded = fold(chain, factors);

  for (std::size_t i = 0; i < factors.size(); ++i) {
    EXPECT_TRUE(folded.kernels[i].is_alias_of(factors[i].weight));
    EXPECT_TRUE(folded.kernels[i].is_contiguous());
  }
}

TEST(FoldMemory, AcceptsFactorsOfAnyStrides) {
  torch::manual_seed(0);
  const auto chain = plan(conv2d_layer(4, 6, 7), Strategy::kCK);
  auto factors = random_factors(chain, at::kDouble);
  const auto expected = fold(chain, factors).weight;
  for (auto& factor : factors) factor.weight = factor.weight.contiguous();

  EXPECT_LE(relative_error(fold(chain, factors).weight, expected), 1e-15);
}

class FactorErrors : public ::testing::Test {
 protected:
  FactorErrors()
      : chain(plan(conv2d_layer(3, 8, 3), Strategy::kCL)),
        factors(random_factors(chain, at::kFloat)) {}

  std::string error() {
    return error_of([&] { static_cast<void>(fold(chain, factors)); });
  }

  Plan chain;
  std::vector<Affine> factors;
};

TEST_F(FactorErrors, NameAMissingFactor) {
  factors.pop_back();

  EXPECT_EQ(error(), "fold: the chain 3 -> 12 -> 32 -> 8 has 3 factors, got 2");
}

TEST_F(FactorErrors, NameAnOrderThatIsMissing) {
  chain.order.clear();

  EXPECT_EQ(error(),
            "fold: a plan must say in which order it is folded, got 0 "
            "compositions of 3 factors; set its order to "
            "cheapest_order(factors)");
}

TEST_F(FactorErrors, NameAResizedFactor) {
  factors[1].weight = torch::ones({32, 12, 5, 5});

  EXPECT_EQ(error(),
            "fold: factor 1's weight must be [32, 12, 3, 3], got "
            "[32, 12, 5, 5]; restore its shape");
}

TEST_F(FactorErrors, NameAResizedBias) {
  factors[2].bias = torch::ones({9});

  EXPECT_EQ(error(),
            "fold: factor 2's bias must be [8], got [9]; restore its shape");
}

TEST_F(FactorErrors, NameABiasThatIsMissing) {
  factors[0].bias.reset();

  EXPECT_EQ(error(), "fold: factor 0's bias must be defined, got none");
}

TEST_F(FactorErrors, NameAnIntegerFactor) {
  factors[0].weight = factors[0].weight.to(at::kInt);

  EXPECT_EQ(error(),
            "fold: factor 0's weight must be floating point, got Int; use "
            "float or double");
}

TEST_F(FactorErrors, NameFactorsOfTwoDtypes) {
  factors[1].weight = factors[1].weight.to(at::kDouble);

  EXPECT_EQ(error(),
            "fold: factor 1's weight must have factor 0's dtype (Float), got "
            "Double; convert the whole chain");
}

TEST_F(FactorErrors, NameFactorsOnTwoDevices) {
  factors[2].weight = factors[2].weight.to(at::kMeta);

  EXPECT_EQ(error(),
            "fold: factor 2's weight must be on factor 0's device (cpu), got "
            "meta; move the whole chain");
}

}  // namespace
}  // namespace expandnet::testing
