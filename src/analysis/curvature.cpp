#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros_like.h>
#include <c10/util/Exception.h>
#include <expandnet/analysis/curvature.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"

namespace expandnet::analysis {

namespace {

using Tensors = std::vector<at::Tensor>;

constexpr std::int64_t kFewestSigns = 10;

double dot(const Tensors& a, const Tensors& b) {
  const at::NoGradGuard no_grad;
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += (a[i].to(at::kDouble) * b[i].to(at::kDouble)).sum().item<double>();
  }
  return sum;
}

Tensors scaled(const Tensors& tensors, double factor) {
  Tensors result;
  for (const auto& tensor : tensors) result.push_back(tensor * factor);
  return result;
}

/// As `draw` gives them, on the CPU, whatever the device of the parameters.
template <typename Draw>
Tensors drawn(const Tensors& parameters, Draw draw) {
  Tensors result;
  for (const auto& parameter : parameters) {
    result.push_back(draw(parameter.sizes()).to(parameter.options()));
  }
  return result;
}

void check(const char* where, const std::vector<LossPart>& loss,
           const Tensors& parameters, const CurvatureOptions& options) {
  TORCH_CHECK(!loss.empty(),
              error_message(where, "there must be a part of a loss", "none"));
  TORCH_CHECK(!parameters.empty(),
              error_message(where, "there must be a parameter", "none"));
  TORCH_CHECK(options.steps > 0, error_message(where, "steps must be positive",
                                               std::to_string(options.steps)));
}

}  // namespace

Tensors hessian_product(const std::vector<LossPart>& loss,
                        const Tensors& parameters, const Tensors& vector) {
  const at::AutoGradMode with_graph(true);
  Tensors result;
  for (const auto& parameter : parameters) {
    result.push_back(at::zeros_like(parameter));
  }
  for (const auto& part : loss) {
    const auto gradients = torch::autograd::grad(
        {part()}, parameters, {}, /*retain_graph=*/true, /*create_graph=*/true,
        /*allow_unused=*/true);
    // The gradient of g'v is Hv.
    at::Tensor along;
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      if (!gradients[i].defined() || !gradients[i].requires_grad()) continue;
      const auto term = (gradients[i] * vector[i]).sum();
      along = along.defined() ? along + term : term;
    }
    if (!along.defined()) continue;  // linear in all of them
    const auto products =
        torch::autograd::grad({along}, parameters, {}, /*retain_graph=*/false,
                              /*create_graph=*/false, /*allow_unused=*/true);
    const at::NoGradGuard no_grad;
    for (std::size_t i = 0; i < products.size(); ++i) {
      if (products[i].defined()) result[i].add_(products[i]);
    }
  }
  return result;
}

Curvature largest_eigenvalue(const std::vector<LossPart>& loss,
                             const Tensors& parameters,
                             const CurvatureOptions& options) {
  check("largest_eigenvalue", loss, parameters, options);
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(options.seed);
  auto vector = drawn(parameters, [&](at::IntArrayRef sizes) {
    return at::randn(sizes, generator, at::TensorOptions(at::kDouble));
  });
  vector = scaled(vector, 1 / std::sqrt(dot(vector, vector)));
  Curvature result;
  while (result.steps < options.steps && !result.converged) {
    const auto product = hessian_product(loss, parameters, vector);
    ++result.steps;
    const auto before = result.value;
    result.value = dot(vector, product);  // Rayleigh's quotient
    const auto norm = std::sqrt(dot(product, product));
    if (norm == 0) {
      result.converged = true;  // the Hessian is zero along all that was drawn
      break;
    }
    result.converged =
        result.steps > 1 && std::abs(result.value - before) <=
                                options.tolerance * std::abs(result.value);
    vector = scaled(product, 1 / norm);
  }
  return result;
}

Curvature hessian_trace(const std::vector<LossPart>& loss,
                        const Tensors& parameters,
                        const CurvatureOptions& options) {
  check("hessian_trace", loss, parameters, options);
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(options.seed);
  Curvature result;
  double sum = 0, squares = 0;
  while (result.steps < options.steps && !result.converged) {
    const auto signs = drawn(parameters, [&](at::IntArrayRef sizes) {
      const auto bits =
          at::randint(0, 2, sizes, generator, at::TensorOptions(at::kDouble));
      return bits * 2 - 1;
    });
    const auto one = dot(signs, hessian_product(loss, parameters, signs));
    ++result.steps;
    sum += one;
    squares += one * one;
    const auto n = static_cast<double>(result.steps);
    result.value = sum / n;
    if (result.steps < kFewestSigns) continue;
    const auto variance =
        std::max(0.0, (squares - n * result.value * result.value) / (n - 1));
    result.converged =
        std::sqrt(variance / n) <= options.tolerance * std::abs(result.value);
  }
  return result;
}

}  // namespace expandnet::analysis
