// analysis_net.h: the network of the paper's analysis section.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/nn/sync_batch_norm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

namespace expandnet::models {

/// Four 7x7 convolutions of 8, 16, 32 and 64 channels, each followed by
/// BatchNorm, ReLU and a 2x2 max-pool, then a hidden linear layer of 64
/// features and the logits: 150,346 parameters for ten classes (paper, Sec. 5).
///
/// [N, 3, 32, 32] -> [N, classes]
class EXPANDNET_API AnalysisNetImpl : public torch::nn::Module {
 public:
  explicit AnalysisNetImpl(std::int64_t classes = 10);

  torch::Tensor forward(torch::Tensor x);

  torch::nn::Conv2d conv1{nullptr}, conv2{nullptr}, conv3{nullptr},
      conv4{nullptr};
  SyncBatchNorm2d bn1{nullptr}, bn2{nullptr}, bn3{nullptr}, bn4{nullptr};
  torch::nn::Linear fc1{nullptr}, fc2{nullptr};
};
TORCH_MODULE(AnalysisNet);

}  // namespace expandnet::models
