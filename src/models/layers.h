// layers.h: what the networks for ImageNet are built of.
#pragma once

#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <memory>
#include <optional>

namespace expandnet::models {

/// A Sequential that can stand in a Sequential. LibTorch's own cannot: its
/// `forward` is a template.
class StackImpl : public torch::nn::SequentialImpl {
 public:
  using torch::nn::SequentialImpl::SequentialImpl;

  torch::Tensor forward(const torch::Tensor& x);
  /// As SequentialImpl's, which would return one of its own kind.
  [[nodiscard]] std::shared_ptr<torch::nn::Module> clone(
      const std::optional<torch::Device>& device = std::nullopt) const override;
};
TORCH_MODULE(Stack);

/// A convolution that a BatchNorm follows: it has no bias. Padded to keep the
/// size at stride 1.
[[nodiscard]] torch::nn::Conv2d conv_before_norm(std::int64_t in,
                                                 std::int64_t out,
                                                 std::int64_t kernel,
                                                 std::int64_t stride = 1,
                                                 std::int64_t groups = 1);

/// Activations that overwrite their input, which BatchNorm does not need again.
[[nodiscard]] torch::nn::ReLU relu_in_place();
[[nodiscard]] torch::nn::ReLU6 relu6_in_place();

/// `channels * width`, rounded to a multiple of 8, at least 8 and above 90 % of
/// the product: torchvision's `_make_divisible`.
[[nodiscard]] std::int64_t scaled_channels(std::int64_t channels, double width);

/// Draws weights from N(0, gain / inputs), where `inputs` are the numbers that
/// an output is a sum of, and sets the bias to 0. A gain of 2 keeps the spread
/// of what passes through ReLUs (He et al., "Delving Deep into Rectifiers",
/// 2015), one of 1 that of linear layers.
void draw_scaled(const torch::Tensor& weight, const torch::Tensor& bias,
                 double gain, std::int64_t inputs);

/// Draws the values that a MobileNet's layers start from: convolutions from
/// N(0, 2 / (taps * out)), linear weights from N(0, 0.01^2), linear biases 0.
void draw_mobile_net(torch::nn::Module& net);

}  // namespace expandnet::models
