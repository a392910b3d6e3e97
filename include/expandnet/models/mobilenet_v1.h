// mobilenet_v1.h: MobileNet, the first of the paper's networks for ImageNet.
#pragma once

#include <expandnet/base/export.h>
#include <torch/arg.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

namespace expandnet::models {

/// Options of MobileNetV1.
struct MobileNetV1Options {
  /// Multiplier of the channels of every layer, which are rounded to multiples
  /// of 8; any positive number.
  TORCH_ARG(double, width) = 1;
  TORCH_ARG(std::int64_t, classes) = 1000;
  TORCH_ARG(std::int64_t, in_channels) = 3;
  /// For 32x32 images: the first convolution has stride 1.
  TORCH_ARG(bool, small_images) = false;
};

/// A 3x3 convolution and thirteen blocks of a depthwise 3x3 and a 1x1
/// convolution; BatchNorm and ReLU follow each convolution (Howard et al.,
/// 2017). It has 4,231,976 parameters for a thousand classes. The state keys
/// are the common ones: `model.0.0` and `model.0.1` for the first convolution
/// and its BatchNorm; in block `model.<i>`, `.0` and `.1` for the depthwise
/// convolution, `.3` and `.4` for the 1x1 convolution; `fc`. Initial values are
/// those of MobileNetV2.
///
/// [N, in_channels, H, W] -> [N, classes], for any H and W; made for 224x224
///
/// Throws `c10::Error` for a width that is not positive.
class EXPANDNET_API MobileNetV1Impl : public torch::nn::Module {
 public:
  explicit MobileNetV1Impl(const MobileNetV1Options& net_options = {});

  torch::Tensor forward(torch::Tensor x);

  MobileNetV1Options options;
  torch::nn::Sequential model{nullptr};
  torch::nn::Linear fc{nullptr};
};
TORCH_MODULE(MobileNetV1);

}  // namespace expandnet::models
