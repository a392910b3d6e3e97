// Products with the Hessian, its largest eigenvalue and its trace, against the
// Hessian that autograd gives row by row.
#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <expandnet/analysis/curvature.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/functional/loss.h>
#include <torch/utils.h>

#include <cmath>
#include <vector>

#include "testing.h"

namespace expandnet::analysis {
namespace {

using expandnet::testing::error_of;
using Tensors = std::vector<at::Tensor>;

/// A net of two layers with a smooth activation, on two batches.
struct SmallProblem {
  SmallProblem() {
    torch::manual_seed(7);
    const auto options = at::TensorOptions(at::kDouble).requires_grad(true);
    parameters = {torch::randn({4, 3}, options), torch::randn({4}, options),
                  torch::randn({2, 4}, options)};
    for (const std::int64_t images : {5, 3}) {
      const auto x = torch::randn({images, 3}, at::kDouble);
      const auto y = torch::randint(2, {images}, at::kLong);
      const auto share = static_cast<double>(images) / 8;
      loss.emplace_back([this, x, y, share] {
        const auto hidden = (x.mm(parameters[0].t()) + parameters[1]).tanh();
        return share * torch::nn::functional::cross_entropy(
                           hidden.mm(parameters[2].t()), y);
      });
    }
  }

  /// The Hessian [n, n], row by row.
  [[nodiscard]] at::Tensor hessian() const {
    at::Tensor total;
    for (const auto& part : loss) {
      total = total.defined() ? total + part() : part();
    }
    const auto gradients =
        torch::autograd::grad({total}, parameters, {}, true, true);
    Tensors flat;
    for (const auto& one : gradients) flat.push_back(one.reshape({-1}));
    const auto gradient = at::cat(flat);
    Tensors rows;
    for (std::int64_t i = 0; i < gradient.numel(); ++i) {
      Tensors row;
      const auto second = torch::autograd::grad({gradient[i]}, parameters, {},
                                                true, false, true);
      for (std::size_t k = 0; k < second.size(); ++k) {
        row.push_back(second[k].defined()
                          ? second[k].reshape({-1})
                          : at::zeros({parameters[k].numel()}, at::kDouble));
      }
      rows.push_back(at::cat(row));
    }
    return at::stack(rows).detach();
  }

  Tensors parameters;
  std::vector<LossPart> loss;
};

at::Tensor flat(const Tensors& tensors) {
  Tensors parts;
  for (const auto& one : tensors) parts.push_back(one.reshape({-1}));
  return at::cat(parts).detach();
}

TEST(HessianProducts, AreThoseOfAutogradsHessian) {
  const SmallProblem problem;
  const auto hessian = problem.hessian();
  for (int draw = 0; draw < 5; ++draw) {
    Tensors vector;
    for (const auto& parameter : problem.parameters) {
      vector.push_back(at::randn(parameter.sizes(), at::kDouble));
    }
    const auto product =
        hessian_product(problem.loss, problem.parameters, vector);
    EXPECT_LE(
        (flat(product) - hessian.mv(flat(vector))).abs().max().item<double>(),
        1e-12);
  }
  for (const auto& parameter : problem.parameters) {
    EXPECT_FALSE(parameter.grad().defined());
  }
}

TEST(HessianProducts, AreZeroWhereTheLossIsLinear) {
  const auto w = at::ones({3}, at::TensorOptions(at::kDouble)).requires_grad_();
  const auto unused = at::ones({2}, at::kDouble).requires_grad_();
  const auto product =
      hessian_product({[&] { return w.sum(); }}, {w, unused},
                      {at::ones({3}, at::kDouble), at::ones({2}, at::kDouble)});
  EXPECT_TRUE(product[0].eq(0).all().item<bool>());
  EXPECT_TRUE(product[1].eq(0).all().item<bool>());
}

TEST(LargestEigenvalue, IsThatOfAutogradsHessian) {
  const SmallProblem problem;
  const auto values = at::linalg_eigvalsh(problem.hessian());
  const auto low = values[0].item<double>();
  const auto high = values[-1].item<double>();
  const auto expected = std::abs(low) > std::abs(high) ? low : high;
  CurvatureOptions options;
  options.steps = 20'000;
  options.tolerance = 1e-13;
  const auto found =
      largest_eigenvalue(problem.loss, problem.parameters, options);
  EXPECT_TRUE(found.converged);
  EXPECT_NEAR(found.value, expected, 1e-6 * std::abs(expected));
}

TEST(LargestEigenvalue, HasTheSignOfTheCurvature) {
  const auto w = at::ones({2}, at::kDouble).requires_grad_();
  const auto found = largest_eigenvalue(
      {[&] { return -3 * w[0].square() + w[1].square(); }}, {w});
  EXPECT_NEAR(found.value, -6, 6e-3);
  EXPECT_TRUE(found.converged);
  EXPECT_EQ(largest_eigenvalue({[&] { return w.sum(); }}, {w}).value, 0);
}

/// Hutchinson's estimate of n vectors has the variance 2 (|H|^2 - |diag H|^2) /
/// n.
TEST(HessianTrace, IsThatOfAutogradsHessian) {
  const SmallProblem problem;
  const auto hessian = problem.hessian();
  const auto variance =
      2 * (hessian.square().sum() - hessian.diagonal().square().sum())
              .item<double>();
  CurvatureOptions options;
  options.steps = 1000;
  options.tolerance = 0;
  const auto found = hessian_trace(problem.loss, problem.parameters, options);
  EXPECT_EQ(found.steps, options.steps);
  EXPECT_FALSE(found.converged);
  const auto error = std::sqrt(variance / 1000);
  EXPECT_NEAR(found.value, hessian.trace().item<double>(), 5 * error);
}

TEST(HessianTrace, EndsWhereItIsKnownWellEnough) {
  const auto w = at::ones({40}, at::kDouble).requires_grad_();
  // I plus a little beside the diagonal.
  const auto matrix = at::eye(40, at::kDouble) + 0.1 * at::ones({40, 40});
  CurvatureOptions options;
  options.steps = 10'000;
  options.tolerance = 0.01;
  const auto found =
      hessian_trace({[&] { return matrix.mv(w).dot(w) / 2; }}, {w}, options);
  EXPECT_TRUE(found.converged);
  EXPECT_GT(found.steps, 10);
  EXPECT_LT(found.steps, 1000);
  // Five standard errors.
  EXPECT_NEAR(found.value, 44, 5 * 0.01 * 44);
}

TEST(HessianTrace, IsExactForADiagonal) {
  const auto w = at::ones({3}, at::kDouble).requires_grad_();
  const auto scale = at::tensor({1.0, -2.0, 5.0});
  const auto found =
      hessian_trace({[&] { return (scale * w.square()).sum(); }}, {w});
  EXPECT_NEAR(found.value, 8, 1e-12);
  EXPECT_EQ(found.steps, 10);
}

TEST(Curvatures, FollowFromTheSeed) {
  const SmallProblem problem;
  CurvatureOptions options;
  options.steps = 3;
  const auto first = hessian_trace(problem.loss, problem.parameters, options);
  EXPECT_EQ(first.value,
            hessian_trace(problem.loss, problem.parameters, options).value);
  EXPECT_FALSE(first.converged);
  options.seed = 1;
  EXPECT_NE(first.value,
            hessian_trace(problem.loss, problem.parameters, options).value);
}

TEST(CurvatureErrors, NameTheRuleAndTheValue) {
  const SmallProblem problem;
  EXPECT_EQ(error_of([&] { (void)largest_eigenvalue({}, problem.parameters); }),
            "largest_eigenvalue: there must be a part of a loss, got none");
  EXPECT_EQ(error_of([&] { (void)hessian_trace(problem.loss, {}); }),
            "hessian_trace: there must be a parameter, got none");
  CurvatureOptions options;
  options.steps = 0;
  EXPECT_EQ(error_of([&] {
              (void)hessian_trace(problem.loss, problem.parameters, options);
            }),
            "hessian_trace: steps must be positive, got 0");
}

}  // namespace
}  // namespace expandnet::analysis
