// resnet.h: ResNet-18 for small images, the teacher of the paper's experiments.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/nn/sync_batch_norm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

namespace expandnet::models {

/// Two 3x3 convolutions with a shortcut around them (He et al., 2016).
class EXPANDNET_API BasicBlockImpl : public torch::nn::Module {
 public:
  BasicBlockImpl(std::int64_t in, std::int64_t out, std::int64_t stride);

  torch::Tensor forward(torch::Tensor x);

  torch::nn::Conv2d conv1{nullptr}, conv2{nullptr};
  SyncBatchNorm2d bn1{nullptr}, bn2{nullptr};
  /// A 1x1 convolution with BatchNorm if the shape changes, else empty.
  torch::nn::Sequential downsample{nullptr};
};
TORCH_MODULE(BasicBlock);

/// ResNet-18 with a 3x3 stem of stride 1 and no first pool, which is usual for
/// 32x32 images. It has 11,173,962 parameters for ten classes. State keys are
/// torchvision's (`conv1`, `bn1`, `layer1.0.conv1` ... `fc`).
///
/// [N, 3, H, W] -> [N, classes], H and W at least 8
class EXPANDNET_API ResNet18Impl : public torch::nn::Module {
 public:
  explicit ResNet18Impl(std::int64_t classes = 10);

  torch::Tensor forward(torch::Tensor x);

  torch::nn::Conv2d conv1{nullptr};
  SyncBatchNorm2d bn1{nullptr};
  torch::nn::Sequential layer1{nullptr}, layer2{nullptr}, layer3{nullptr},
      layer4{nullptr};
  torch::nn::Linear fc{nullptr};
};
TORCH_MODULE(ResNet18);

}  // namespace expandnet::models
