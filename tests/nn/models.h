// models.h: small expanded models of every build.
#pragma once

#include <expandnet/nn/expanded_conv.h>
#include <expandnet/nn/expanded_linear.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

namespace expandnet::testing {

/// Conv 7x7 by CK, conv 3x3 by CL, both with BatchNorm, and two linear layers
/// of which the first is expanded: [N, 3, 12, 12] -> [N, 5].
class ExpandedNetImpl : public torch::nn::Module {
 public:
  explicit ExpandedNetImpl(Execution execution = Execution::kFolded,
                           const Activation& activation = nullptr) {
    const auto expansion = [&](Strategy strategy) {
      return ExpansionOptions(strategy).rate(2).execution(execution).activation(
          activation);
    };
    conv1 = register_module(
        "conv1", ExpandedConv2d(torch::nn::Conv2dOptions(3, 4, 7).padding(3),
                                expansion(Strategy::kCK)));
    norm1 = register_module("norm1", torch::nn::BatchNorm2d(4));
    conv2 = register_module(
        "conv2",
        ExpandedConv2d(torch::nn::Conv2dOptions(4, 6, 3).stride(2).bias(false),
                       expansion(Strategy::kCL)));
    norm2 = register_module("norm2", torch::nn::BatchNorm2d(6));
    fc1 =
        register_module("fc1", ExpandedLinear(torch::nn::LinearOptions(150, 8),
                                              expansion(Strategy::kFC)));
    fc2 = register_module("fc2", torch::nn::Linear(8, 5));
  }

  torch::Tensor forward(torch::Tensor x) {
    x = torch::relu(norm1(conv1(x)));
    x = torch::relu(norm2(conv2(x)));
    return fc2(torch::relu(fc1(x.flatten(1))));
  }

  ExpandedConv2d conv1{nullptr}, conv2{nullptr};
  torch::nn::BatchNorm2d norm1{nullptr}, norm2{nullptr};
  ExpandedLinear fc1{nullptr};
  torch::nn::Linear fc2{nullptr};
};
TORCH_MODULE(ExpandedNet);

/// The compact net that ExpandedNet contracts to.
class CompactNetImpl : public torch::nn::Module {
 public:
  CompactNetImpl() {
    conv1 = register_module(
        "conv1",
        torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 4, 7).padding(3)));
    norm1 = register_module("norm1", torch::nn::BatchNorm2d(4));
    conv2 = register_module(
        "conv2", torch::nn::Conv2d(
                     torch::nn::Conv2dOptions(4, 6, 3).stride(2).bias(false)));
    norm2 = register_module("norm2", torch::nn::BatchNorm2d(6));
    fc1 = register_module("fc1", torch::nn::Linear(150, 8));
    fc2 = register_module("fc2", torch::nn::Linear(8, 5));
  }

  torch::Tensor forward(torch::Tensor x) {
    x = torch::relu(norm1(conv1(x)));
    x = torch::relu(norm2(conv2(x)));
    return fc2(torch::relu(fc1(x.flatten(1))));
  }

  torch::nn::Conv2d conv1{nullptr}, conv2{nullptr};
  torch::nn::BatchNorm2d norm1{nullptr}, norm2{nullptr};
  torch::nn::Linear fc1{nullptr}, fc2{nullptr};
};
TORCH_MODULE(CompactNet);

}  // namespace expandnet::testing
