#include "models/layers.h"

#include <torch/nn/init.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <cmath>

namespace expandnet::models {

torch::Tensor StackImpl::forward(const torch::Tensor& x) {
  return SequentialImpl::forward(x);
}

std::shared_ptr<torch::nn::Module> StackImpl::clone(
    const std::optional<torch::Device>& device) const {
  auto copy = std::make_shared<StackImpl>();
  for (const auto& module : *this) copy->push_back(module.clone(device));
  return copy;
}

torch::nn::Conv2d conv_before_norm(std::int64_t in, std::int64_t out,
                                   std::int64_t kernel, std::int64_t stride,
                                   std::int64_t groups) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel)
                               .stride(stride)
                               .padding(kernel / 2)
                               .groups(groups)
                               .bias(false));
}

torch::nn::ReLU relu_in_place() {
  return torch::nn::ReLU(torch::nn::ReLUOptions().inplace(true));
}

torch::nn::ReLU6 relu6_in_place() {
  return torch::nn::ReLU6(torch::nn::ReLU6Options().inplace(true));
}

std::int64_t scaled_channels(std::int64_t channels, double width) {
  const auto exact = static_cast<double>(channels) * width;
  const auto rounded =
      std::max<std::int64_t>(8, static_cast<std::int64_t>(exact + 4) / 8 * 8);
  return static_cast<double>(rounded) < 0.9 * exact ? rounded + 8 : rounded;
}

void draw_scaled(const torch::Tensor& weight, const torch::Tensor& bias,
                 double gain, std::int64_t inputs) {
  torch::nn::init::normal_(weight, 0,
                           std::sqrt(gain / static_cast<double>(inputs)));
  if (bias.defined()) torch::nn::init::zeros_(bias);
}

void draw_mobile_net(torch::nn::Module& net) {
  // A net that is being constructed cannot be among them.
  for (const auto& module : net.modules(/*include_self=*/false)) {
    if (auto* conv = module->as<torch::nn::Conv2d>()) {
      torch::nn::init::kaiming_normal_(conv->weight, 0, torch::kFanOut,
                                       torch::kReLU);
    } else if (auto* linear = module->as<torch::nn::Linear>()) {
      torch::nn::init::normal_(linear->weight, 0, 0.01);
      torch::nn::init::zeros_(linear->bias);
    }
  }
}

}  // namespace expandnet::models
