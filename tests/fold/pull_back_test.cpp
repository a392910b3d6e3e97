#include <expandnet/fold/pull_back.h>
#include <expandnet/nn/run.h>
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "random_geometry.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

class PullBack : public ::testing::TestWithParam<Precision> {};

TEST_P(PullBack, EqualsAutogradThroughTheFeatureMaps) {
  const auto [dtype, tolerance] = GetParam();
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    const auto geometry = random_geometry(seed, dtype);
    const auto& [plan, factors, input] = geometry;
    const auto folded = fold(plan, factors);
    const Affine compact = {folded.weight.clone().requires_grad_(),
                            folded.bias.defined()
                                ? folded.bias.clone().requires_grad_()
                                : at::Tensor()};
    const auto output = run_compact(plan.layer, compact, input);
    const auto weights = torch::randn_like(output);
    (output * weights).sum().backward();

    const auto grads = pull_back(
        plan, folded,
        {compact.weight.grad(),
         compact.bias.defined() ? compact.bias.grad() : at::Tensor()});

    const auto leaves = tensors_of(with_gradients(factors));
    const auto expected = torch::autograd::grad(
        {(run_chain(plan, factors, input) * weights).sum()}, leaves);
    const auto actual = tensors_of(grads);
    ASSERT_EQ(actual.size(), expected.size());
    double scale = 0;
    for (const auto& grad : expected) {
      scale = std::max(scale, grad.abs().max().item<double>());
    }
    for (std::size_t i = 0; i < actual.size(); ++i) {
      // Relative to the chain's largest gradient: a small one is a difference
      // of large terms.
      const auto error =
          (actual[i] - expected[i]).abs().max().item<double>() / scale;
      EXPECT_LE(error, tolerance) << "seed " << seed << ", tensor " << i << ": "
                                  << describe_geometry(geometry);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Precisions, PullBack,
                         ::testing::Values(kDouble, kFloat),
                         [](const auto& test) { return name_of(test.param); });

TEST(PullBackGraph, IsNotKept) {
  const auto [plan, factors, input] = random_geometry(3, at::kDouble);
  static_cast<void>(with_gradients(factors));
  const torch::NoGradGuard no_grad;
  const auto folded = fold(plan, factors);

  for (const auto& grad : tensors_of(
           pull_back(plan, folded, {torch::ones_like(folded.weight), {}}))) {
    EXPECT_FALSE(grad.requires_grad());
  }
}

TEST(PullBackStrides, AreThoseOfTheFactors) {
  torch::manual_seed(0);
  const auto chain = plan(conv2d_layer(4, 6, 7), Strategy::kCK);
  const auto factors = random_factors(chain, at::kFloat);
  const auto folded = fold(chain, factors);

  const auto grads =
      pull_back(chain, folded, {torch::randn({6, 4, 7, 7}), torch::randn({6})});

  for (std::size_t i = 0; i < factors.size(); ++i) {
    EXPECT_EQ(grads[i].weight.strides(), factors[i].weight.strides());
  }
}

TEST(PullBackOfNothing, IsNothing) {
  const auto [plan, factors, input] = random_geometry(5, at::kDouble);
  const auto folded = fold(plan, factors);

  for (const auto& [weight, bias] : pull_back(plan, folded, {})) {
    EXPECT_FALSE(weight.defined());
    EXPECT_FALSE(bias.defined());
  }
}

TEST(PullBackOfABiasAlone, LeavesOnlyItsShareInTheWeights) {
  torch::manual_seed(0);
  const auto chain = plan(conv2d_layer(3, 5, 3), Strategy::kCL);
  const auto factors = random_factors(chain, at::kDouble);
  const auto folded = fold(chain, factors);
  const auto grad = torch::randn({5}, at::kDouble);

  const auto alone = tensors_of(pull_back(chain, folded, {{}, grad}));

  const auto zero = torch::zeros_like(folded.weight);
  const auto both = tensors_of(pull_back(chain, folded, {zero, grad}));
  for (std::size_t i = 0; i < both.size(); ++i) {
    EXPECT_TRUE(alone[i].equal(both[i]));
  }
}

TEST(PullBackErrors, NameTheShapeOfTheWeight) {
  const auto chain = plan(conv2d_layer(3, 5, 3), Strategy::kCL);
  const auto folded = fold(chain, random_factors(chain, at::kDouble));

  EXPECT_EQ(error_of([&] {
              static_cast<void>(
                  pull_back(chain, folded, {torch::ones({5, 3, 1, 1}), {}}));
            }),
            "pull_back: the weight's gradient must be [5, 3, 3, 3], got "
            "[5, 3, 1, 1]");
}

TEST(PullBackErrors, NameTheShapeOfTheBias) {
  const auto chain = plan(conv2d_layer(3, 5, 3), Strategy::kCL);
  const auto folded = fold(chain, random_factors(chain, at::kDouble));

  EXPECT_EQ(
      error_of([&] {
        static_cast<void>(pull_back(chain, folded, {{}, torch::ones({4})}));
      }),
      "pull_back: the bias's gradient must be [5], got [4]");
}

}  // namespace
}  // namespace expandnet::testing
