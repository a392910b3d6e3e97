#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/util/Exception.h>
#include <expandnet/fold/pull_back.h>
#include <expandnet/fold/step_scale.h>

#include <string>
#include <utility>

#include "base/error.h"

namespace expandnet {

namespace {

/// The factors in another dtype, without gradients.
std::vector<Affine> in_dtype(const std::vector<Affine>& factors,
                             at::ScalarType dtype) {
  std::vector<Affine> converted;
  converted.reserve(factors.size());
  for (const auto& factor : factors) {
    converted.push_back({factor.weight.detach().to(dtype), {}});
    if (!factor.bias.defined()) continue;
    converted.back().bias = factor.bias.detach().to(dtype);
  }
  return converted;
}

/// The fold at the factors, and its derivatives in both directions.
class Linearized {
 public:
  Linearized(const Plan& plan, std::vector<Affine> factors)
      : plan_(plan),
        factors_(std::move(factors)),
        folded_(fold(plan, factors_)) {}

  [[nodiscard]] const at::Tensor& weight() const { return folded_.weight; }

  /// The gradients of the factors' weights, J_i^T G; undefined for fixed ones.
  [[nodiscard]] std::vector<at::Tensor> pulled_back(
      const at::Tensor& grad) const {
    std::vector<at::Tensor> weights;
    for (auto& factor : pull_back(plan_, folded_, {grad, {}})) {
      weights.push_back(std::move(factor.weight));
    }
    return weights;
  }

  /// sum_i J_i `steps`[i]. The fold is affine in each factor, so the
  /// differences are exact up to rounding.
  [[nodiscard]] at::Tensor moved(const std::vector<at::Tensor>& steps) const {
    auto sum = at::zeros_like(folded_.weight);
    auto stepped = factors_;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (!steps[i].defined()) continue;
      stepped[i].weight = factors_[i].weight + steps[i];
      sum += fold(plan_, stepped).weight - folded_.weight;
      stepped[i].weight = factors_[i].weight;
    }
    return sum;
  }

 private:
  const Plan& plan_;
  std::vector<Affine> factors_;
  Folded folded_;
};

double squared_norm_of(const std::vector<at::Tensor>& tensors) {
  double sum = 0;
  for (const auto& tensor : tensors) {
    if (tensor.defined()) sum += tensor.square().sum().item<double>();
  }
  return sum;
}

/// Drawn on the CPU, so that it is the same on every device.
at::Tensor random_signs(const at::Tensor& like, at::Generator& generator) {
  auto signs = at::empty(like.sizes(), at::kFloat);
  signs.bernoulli_(0.5, generator).mul_(2).sub_(1);
  return signs.to(like.device(), like.scalar_type());
}

at::Tensor unit(const at::Tensor& like, std::int64_t index) {
  auto vector = at::zeros({like.numel()}, like.options());
  vector[index] = 1;
  return vector.view(like.sizes());
}

void check_positive(const char* function, const char* what,
                    std::int64_t count) {
  TORCH_CHECK(count > 0,
              error_message(function, std::string(what) + " must be positive",
                            std::to_string(count)));
}

}  // namespace

double mean_step_scale(const Plan& plan, const std::vector<Affine>& factors,
                       std::int64_t probes) {
  check_factors(plan, factors, {"mean_step_scale", ""});
  check_positive("mean_step_scale", "probes", probes);
  const at::NoGradGuard no_grad;
  const Linearized at_factors(
      plan, in_dtype(factors, factors.front().weight.scalar_type()));
  const auto& weight = at_factors.weight();
  const auto size = weight.numel();
  double trace = 0;
  if (size <= probes) {
    for (std::int64_t i = 0; i < size; ++i) {
      trace += squared_norm_of(at_factors.pulled_back(unit(weight, i)));
    }
    return trace / static_cast<double>(size);
  }
  auto generator = at::make_generator<at::CPUGeneratorImpl>(0);
  for (std::int64_t i = 0; i < probes; ++i) {
    trace += squared_norm_of(
        at_factors.pulled_back(random_signs(weight, generator)));
  }
  return trace / static_cast<double>(probes) / static_cast<double>(size);
}

double largest_step_scale(const Plan& plan, const std::vector<Affine>& factors,
                          std::int64_t iterations) {
  check_factors(plan, factors, {"largest_step_scale", ""});
  check_positive("largest_step_scale", "iterations", iterations);
  const at::NoGradGuard no_grad;
  // In fp64, where differences of folds are exact enough.
  const Linearized at_factors(plan, in_dtype(factors, at::kDouble));
  auto generator = at::make_generator<at::CPUGeneratorImpl>(0);
  auto direction = random_signs(at_factors.weight(), generator);
  double scale = 0;
  for (std::int64_t i = 0; i < iterations; ++i) {
    direction /= direction.norm();
    const auto pulled = at_factors.pulled_back(direction);
    scale = squared_norm_of(pulled);  // Rayleigh's quotient, G^T K G
    direction = at_factors.moved(pulled);
    if (scale == 0) break;  // only zeros to multiply by
  }
  return scale;
}

}  // namespace expandnet
