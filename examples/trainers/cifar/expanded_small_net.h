// expanded_small_net.h: SmallNet as one writes it with expansion in mind.
#pragma once

#include <expandnet/fold/options.h>
#include <expandnet/models/small_net.h>
#include <expandnet/passes/expand.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/any.h>
#include <torch/nn/pimpl.h>

#include <string>

namespace expandnet::examples {

/// models::SmallNet with an ExpandedConv2d or ExpandedLinear in place of each
/// layer that `selector` names, all run as `execution` says. The others, and
/// all keys outside of the chains, are those of SmallNet.
class ExpandedSmallNetImpl : public torch::nn::Module {
 public:
  ExpandedSmallNetImpl(const models::SmallNetOptions& options,
                       const Selector& selector, Execution execution);

  torch::Tensor forward(torch::Tensor x);

 private:
  template <typename Expanded, typename Compact>
  torch::nn::AnyModule layer(const std::string& name, const Compact& compact,
                             const Selector& selector, Execution execution);

  torch::nn::AnyModule conv1_, conv2_, conv3_, fc1_, fc2_;
  torch::nn::BatchNorm2d bn1_{nullptr}, bn2_{nullptr}, bn3_{nullptr};
};
TORCH_MODULE(ExpandedSmallNet);

}  // namespace expandnet::examples
