#include <ATen/ops/linalg_eigvalsh.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/linalg_svdvals.h>
#include <expandnet/fold/factorize.h>
#include <expandnet/fold/initial_values.h>
#include <expandnet/fold/step_scale.h>
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "testing.h"

namespace expandnet::testing {
namespace {

/// Enough to replace random probes by all directions, one by one.
constexpr std::int64_t kAllDirections = 1 << 20;
/// Both ways add the same products, in another order.
constexpr double kRounding = 1e-10;

/// K = sum_i J_i J_i^T by autograd, a row per number of the weight.
torch::Tensor kernel_by_autograd(const Plan& plan,
                                 std::vector<Affine> factors) {
  std::vector<torch::Tensor> weights;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    auto& weight = factors[i].weight;
    weight = weight.detach().clone();
    if (plan.factors[i].fixed) continue;
    weight.requires_grad_(true);
    weights.push_back(weight);
  }
  const auto folded = fold(plan, factors).weight.reshape({-1});
  std::vector<torch::Tensor> rows;
  for (std::int64_t r = 0; r < folded.numel(); ++r) {
    auto grads = torch::autograd::grad({folded[r]}, weights, {},
                                       /*retain_graph=*/true,
                                       /*create_graph=*/false,
                                       /*allow_unused=*/true);
    for (std::size_t i = 0; i < grads.size(); ++i) {
      if (!grads[i].defined()) grads[i] = torch::zeros_like(weights[i]);
      grads[i] = grads[i].reshape({-1});
    }
    rows.push_back(torch::cat(grads));
  }
  const auto jacobian = torch::stack(rows);
  return jacobian.mm(jacobian.t());
}

struct Case {
  CompactLayer layer;
  ExpansionOptions options;
};

std::vector<Case> every_kind_of_chain() {
  std::vector<Case> cases = {{linear_layer(6, 5), Strategy::kFC}};
  for (const auto groups : {1, 2}) {
    for (const auto strategy : {Strategy::kCL, Strategy::kCK, Strategy::kOREPA,
                                Strategy::kRep, Strategy::kCLSkip}) {
      cases.push_back({conv2d_layer(4, 6, 5, groups), strategy});
    }
  }
  return cases;
}

TEST(StepScale, IsMeanAndLargestEigenvalueOfTheKernel) {
  for (auto [layer, options] : every_kind_of_chain()) {
    SCOPED_TRACE(std::string(name(*options.strategy())) + " in " +
                 std::to_string(layer.groups) + " groups");
    torch::manual_seed(0);
    options.rate(1.5);
    const auto chain = plan(layer, options);
    const auto factors = initial_values(chain, options, torch::kDouble);
    const auto kernel = kernel_by_autograd(chain, factors);
    const auto eigenvalues = at::linalg_eigvalsh(kernel);

    EXPECT_NEAR(mean_step_scale(chain, factors, kAllDirections) /
                    eigenvalues.mean().item<double>(),
                1, kRounding);
    EXPECT_NEAR(largest_step_scale(chain, factors, 400) /
                    eigenvalues.max().item<double>(),
                1, 1e-3);
  }
}

/// Factors of W = U diag(s) V^T, each with the singular values s^(1/n).
std::vector<Affine> balanced_factors(const torch::Tensor& weight,
                                     std::int64_t n) {
  const auto [u, s, vt] = at::linalg_svd(weight, /*full_matrices=*/false);
  const auto root = s.pow(1 / static_cast<double>(n)).diag();
  std::vector<Affine> factors(static_cast<std::size_t>(n), Affine{root, {}});
  factors.front().weight = root.mm(vt);
  factors.back().weight = u.mm(root);
  return factors;
}

TEST(StepScale, OfABalancedChainOfMatricesIsArorasTheorem) {
  torch::manual_seed(0);
  const auto layer = linear_layer(12, 7, /*bias=*/false);
  for (const std::int64_t depth : {2, 3, 4}) {
    const auto n = static_cast<double>(depth);
    const std::vector<std::int64_t> widths(static_cast<std::size_t>(depth) - 1,
                                           7);
    const auto chain = plan(
        layer, ExpansionOptions(Strategy::kFC).depth(depth).widths(widths));
    const auto weight = torch::randn({7, 12}, torch::kDouble);
    const auto largest = at::linalg_svdvals(weight).max().item<double>();

    const auto factors = balanced_factors(weight, depth);

    ASSERT_LE(relative_error(fold(chain, factors).weight, weight), 1e-12);
    EXPECT_NEAR(largest_step_scale(chain, factors, 400) /
                    (n * std::pow(largest, 2 - 2 / n)),
                1, 1e-3);
  }
}

TEST(StepScale, OfProbesIsNearTheMeanAndTheSameEachTime) {
  torch::manual_seed(0);
  const auto options = ExpansionOptions(Strategy::kCL);
  const auto chain = plan(conv2d_layer(16, 24, 3), options);
  const auto factors = initial_values(chain, options);  // float

  const auto exact = mean_step_scale(chain, factors, kAllDirections);
  torch::manual_seed(1);
  const auto probed = mean_step_scale(chain, factors);
  const auto drawn = torch::rand({1});
  torch::manual_seed(1);

  EXPECT_NEAR(probed / exact, 1, 0.1);
  EXPECT_EQ(probed, mean_step_scale(chain, factors));
  EXPECT_TRUE(torch::rand({1}).equal(drawn)) << "the caller's draw has moved";
}

TEST(StepScale, OfZeroFactorsIsZero) {
  const auto chain = plan(linear_layer(3, 2), {});
  auto factors = initial_values(chain, {});
  for (auto& factor : factors) factor.weight.zero_();

  EXPECT_EQ(mean_step_scale(chain, factors), 0);
  EXPECT_EQ(largest_step_scale(chain, factors), 0);
}

TEST(StepScale, RefusesNoProbesAndNoIterations) {
  const auto chain = plan(linear_layer(3, 2), {});
  const auto factors = initial_values(chain, {});

  EXPECT_EQ(
      error_of([&] { static_cast<void>(mean_step_scale(chain, factors, 0)); }),
      "mean_step_scale: probes must be positive, got 0");
  EXPECT_EQ(error_of([&] {
              static_cast<void>(largest_step_scale(chain, factors, -1));
            }),
            "largest_step_scale: iterations must be positive, got -1");
}

}  // namespace
}  // namespace expandnet::testing
