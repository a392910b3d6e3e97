#include "trainers/cifar/expanded_small_net.h"

#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <expandnet/nn/expanded_conv.h>
#include <expandnet/nn/expanded_linear.h>

#include "trainers/cifar/to_options.h"

namespace expandnet::examples {

template <typename Expanded, typename Compact>
torch::nn::AnyModule ExpandedSmallNetImpl::layer(const std::string& name,
                                                 const Compact& compact,
                                                 const Selector& selector,
                                                 Execution execution) {
  auto expansion = selector(name, *compact);
  if (!expansion.has_value()) {
    return torch::nn::AnyModule(
        register_module(name, Compact(to_options(compact->options))));
  }
  return torch::nn::AnyModule(register_module(
      name,
      Expanded(to_options(compact->options), expansion->execution(execution))));
}

ExpandedSmallNetImpl::ExpandedSmallNetImpl(
    const models::SmallNetOptions& options, const Selector& selector,
    Execution execution) {
  const models::SmallNet net(options);
  const auto conv = [&](const char* name, const torch::nn::Conv2d& compact) {
    return layer<ExpandedConv2d>(name, compact, selector, execution);
  };
  const auto linear = [&](const char* name, const torch::nn::Linear& compact) {
    return layer<ExpandedLinear>(name, compact, selector, execution);
  };
  conv1_ = conv("conv1", net->conv1);
  bn1_ = register_module("bn1", torch::nn::BatchNorm2d(net->bn1->options));
  conv2_ = conv("conv2", net->conv2);
  bn2_ = register_module("bn2", torch::nn::BatchNorm2d(net->bn2->options));
  conv3_ = conv("conv3", net->conv3);
  bn3_ = register_module("bn3", torch::nn::BatchNorm2d(net->bn3->options));
  fc1_ = linear("fc1", net->fc1);
  fc2_ = linear("fc2", net->fc2);
}

torch::Tensor ExpandedSmallNetImpl::forward(torch::Tensor x) {
  // ReLU and max-pool commute; after it, ReLU has a quarter of the work.
  x = at::relu(at::max_pool2d(bn1_(conv1_.forward(x)), 2));
  x = at::relu(at::max_pool2d(bn2_(conv2_.forward(x)), 2));
  x = at::relu(at::max_pool2d(bn3_(conv3_.forward(x)), 2));
  return fc2_.forward(at::relu(fc1_.forward(x.flatten(1))));
}

}  // namespace expandnet::examples
