#include "testing.h"

#include <torch/types.h>

#include <cmath>
#include <limits>

#include "fold/memory.h"
#include "fold/relative_error.h"

namespace expandnet::testing {

std::ostream& operator<<(std::ostream& stream, const Precision& precision) {
  return stream << c10::toString(precision.dtype) << " to "
                << precision.tolerance;
}

std::string name_of(const Precision& precision) {
  return c10::toString(precision.dtype);
}

double relative_error(const at::Tensor& actual, const at::Tensor& expected) {
  if (!actual.defined() || !expected.defined() ||
      actual.sizes() != expected.sizes()) {
    return std::numeric_limits<double>::infinity();
  }
  return expandnet::relative_error(actual, expected);
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const c10::Error& error) {
    return error.what_without_backtrace();
  }
  return "";
}

std::vector<Affine> random_factors(const Plan& plan, at::ScalarType dtype) {
  std::vector<Affine> factors;
  for (std::size_t i = 0; i < plan.factors.size(); ++i) {
    const auto& shape = plan.factors[i];
    const auto fan_in = shape.taps() * shape.in_channels / shape.groups;
    Affine factor{empty_weight(plan.weight_sizes(i), dtype), {}};
    factor.weight.normal_(0, 1 / std::sqrt(static_cast<double>(fan_in)));
    if (shape.bias) factor.bias = torch::randn({shape.out_channels}, dtype);
    factors.push_back(factor);
  }
  return factors;
}

CompactLayer conv2d_layer(std::int64_t in, std::int64_t out,
                          std::int64_t kernel, std::int64_t groups, bool bias) {
  CompactLayer layer;
  layer.in_channels = in;
  layer.out_channels = out;
  layer.kernel_size = {kernel, kernel};
  layer.stride = layer.dilation = {1, 1};
  layer.padding_before = layer.padding_after = {kernel / 2, kernel / 2};
  layer.groups = groups;
  layer.bias = bias;
  return layer;
}

std::vector<at::Tensor> tensors_of(const std::vector<Affine>& factors) {
  std::vector<at::Tensor> tensors;
  for (const auto& [weight, bias] : factors) {
    tensors.push_back(weight);
    if (bias.defined()) tensors.push_back(bias);
  }
  return tensors;
}

std::vector<Affine> with_gradients(std::vector<Affine> factors) {
  for (auto& [weight, bias] : factors) {
    weight.requires_grad_();
    if (bias.defined()) bias.requires_grad_();
  }
  return factors;
}

}  // namespace expandnet::testing
