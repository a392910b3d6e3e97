// shufflenet_v2.h: ShuffleNetV2, equal to torchvision's.
#pragma once

#include <expandnet/base/export.h>
#include <torch/arg.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

namespace expandnet::models {

/// Options of ShuffleNetV2.
struct ShuffleNetV2Options {
  /// One of the four published widths: 0.5 (the paper's), 1, 1.5 and 2.
  TORCH_ARG(double, width) = 0.5;
  TORCH_ARG(std::int64_t, classes) = 1000;
  TORCH_ARG(std::int64_t, in_channels) = 3;
  /// For 32x32 images: the first convolution has stride 1, and there is no
  /// max-pool.
  TORCH_ARG(bool, small_images) = false;
};

/// A 3x3 convolution and a max-pool; three stages of units that compute on half
/// of the channels and then shuffle both halves; and a 1x1 convolution (Ma et
/// al., 2018). It has 1,366,792 parameters at width 0.5 for a thousand classes.
/// State keys, initial values and function are torchvision's (`conv1.0`,
/// `stage2.0.branch1.0` ... `conv5.0`, `fc`).
///
/// [N, in_channels, H, W] -> [N, classes], for any H and W; made for 224x224
///
/// Throws `c10::Error` for another width.
class EXPANDNET_API ShuffleNetV2Impl : public torch::nn::Module {
 public:
  explicit ShuffleNetV2Impl(const ShuffleNetV2Options& net_options = {});

  torch::Tensor forward(torch::Tensor x);

  ShuffleNetV2Options options;
  torch::nn::Sequential conv1{nullptr}, stage2{nullptr}, stage3{nullptr},
      stage4{nullptr}, conv5{nullptr};
  torch::nn::Linear fc{nullptr};
};
TORCH_MODULE(ShuffleNetV2);

}  // namespace expandnet::models
