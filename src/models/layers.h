// layers.h: building blocks of the networks for ImageNet.
#pragma once

#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <memory>
#include <optional>

namespace expandnet::models {

/// A Sequential that can be an element of a Sequential. LibTorch's own cannot,
/// because its `forward` is a template.
class StackImpl : public torch::nn::SequentialImpl {
 public:
  using torch::nn::SequentialImpl::SequentialImpl;

  torch::Tensor forward(const torch::Tensor& x);
  /// Clones as a Stack; SequentialImpl's clone would return a SequentialImpl.
  [[nodiscard]] std::shared_ptr<torch::nn::Module> clone(
      const std::optional<torch::Device>& device = std::nullopt) const override;
};
TORCH_MODULE(Stack);

/// Makes a convolution without a bias, because a BatchNorm follows it. The
/// padding keeps the size at stride 1.
[[nodiscard]] torch::nn::Conv2d conv_before_norm(std::int64_t in,
                                                 std::int64_t out,
                                                 std::int64_t kernel,
                                                 std::int64_t stride = 1,
                                                 std::int64_t groups = 1);

/// In-place activations: BatchNorm does not need its output, their input,
/// again.
[[nodiscard]] torch::nn::ReLU relu_in_place();
[[nodiscard]] torch::nn::ReLU6 relu6_in_place();

/// Returns `channels * width` rounded to a multiple of 8, but at least 8 and
/// above 90 % of the product, as torchvision's `_make_divisible` does.
[[nodiscard]] std::int64_t scaled_channels(std::int64_t channels, double width);

/// Draws weights from N(0, gain / inputs), where `inputs` is the fan-in, and
/// sets the bias to 0. A gain of 2 preserves the variance through ReLUs (He et
/// al., "Delving Deep into Rectifiers", 2015), a gain of 1 through linear
/// layers.
void draw_scaled(const torch::Tensor& weight, const torch::Tensor& bias,
                 double gain, std::int64_t inputs);

/// Draws the initial values of a MobileNet: convolutions from N(0, 2 / (taps *
/// out)), linear weights from N(0, 0.01^2); linear biases are 0.
void draw_mobile_net(torch::nn::Module& net);

}  // namespace expandnet::models
