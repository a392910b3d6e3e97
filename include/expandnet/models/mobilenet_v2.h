// mobilenet_v2.h: MobileNetV2, equal to torchvision's.
#pragma once

#include <expandnet/base/export.h>
#include <torch/arg.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

namespace expandnet::models {

/// Options of MobileNetV2.
struct MobileNetV2Options {
  /// Multiplier of the channels of every layer, which are rounded to multiples
  /// of 8; any positive number. Below 1 the last convolution keeps its 1280
  /// channels.
  TORCH_ARG(double, width) = 1;
  TORCH_ARG(std::int64_t, classes) = 1000;
  TORCH_ARG(std::int64_t, in_channels) = 3;
  /// Probability that a feature is dropped before the classifier.
  TORCH_ARG(double, dropout) = 0.2;
  /// For 32x32 images: the first convolution has stride 1, and so has the first
  /// group of blocks whose stride is 2 otherwise.
  TORCH_ARG(bool, small_images) = false;
};

/// Seventeen inverted residuals (a 1x1, a depthwise 3x3 and a linear 1x1
/// convolution) between a 3x3 and a 1x1 convolution, with BatchNorm and ReLU6
/// (Sandler et al., 2018). It has 3,504,872 parameters for a thousand classes.
/// State keys, initial values and function are torchvision's (`features.0.0`,
/// `features.1.conv.0.0` ... `classifier.1`).
///
/// [N, in_channels, H, W] -> [N, classes], for any H and W; made for 224x224
///
/// Throws `c10::Error` for a width that is not positive.
class EXPANDNET_API MobileNetV2Impl : public torch::nn::Module {
 public:
  explicit MobileNetV2Impl(const MobileNetV2Options& net_options = {});

  torch::Tensor forward(torch::Tensor x);

  MobileNetV2Options options;
  torch::nn::Sequential features{nullptr}, classifier{nullptr};
};
TORCH_MODULE(MobileNetV2);

}  // namespace expandnet::models
