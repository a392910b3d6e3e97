// small_net.h: the paper's compact network for 32x32 images.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/nn/sync_batch_norm.h>
#include <torch/arg.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

namespace expandnet::models {

/// Options of SmallNet.
struct SmallNetOptions {
  /// Side of the kernels, odd.
  TORCH_ARG(std::int64_t, kernel_size) = 7;
  TORCH_ARG(std::int64_t, classes) = 10;
  TORCH_ARG(std::int64_t, in_channels) = 3;
  /// Side of the square images, in pixels.
  TORCH_ARG(std::int64_t, image_size) = 32;
};

/// Three convolutions of 8, 16 and 32 channels, each followed by BatchNorm,
/// ReLU and a 2x2 max-pool, then a hidden linear layer of 64 features and the
/// logits (paper, Sec. 4.1). A kernel of 3 has no padding; other kernels keep
/// the size.
///
/// [N, in_channels, image_size, image_size] -> [N, classes]
///
/// Throws `c10::Error` for an even kernel, and if an image ends up empty.
class EXPANDNET_API SmallNetImpl : public torch::nn::Module {
 public:
  explicit SmallNetImpl(const SmallNetOptions& net_options = {});

  torch::Tensor forward(torch::Tensor x);

  SmallNetOptions options;
  torch::nn::Conv2d conv1{nullptr}, conv2{nullptr}, conv3{nullptr};
  SyncBatchNorm2d bn1{nullptr}, bn2{nullptr}, bn3{nullptr};
  torch::nn::Linear fc1{nullptr}, fc2{nullptr};
};
TORCH_MODULE(SmallNet);

}  // namespace expandnet::models
