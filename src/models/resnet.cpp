#include <ATen/TensorOperators.h>
#include <ATen/ops/relu.h>
#include <expandnet/models/resnet.h>
#include <expandnet/nn/sync_batch_norm.h>
#include <torch/nn/init.h>

namespace expandnet::models {

namespace {

torch::nn::Conv2d convolution(std::int64_t in, std::int64_t out,
                              std::int64_t kernel, std::int64_t stride) {
  torch::nn::Conv2d conv(torch::nn::Conv2dOptions(in, out, kernel)
                             .stride(stride)
                             .padding(kernel / 2)
                             .bias(false));
  torch::nn::init::kaiming_normal_(conv->weight, 0, torch::kFanOut,
                                   torch::kReLU);
  return conv;
}

torch::nn::Sequential stage(std::int64_t in, std::int64_t out,
                            std::int64_t stride) {
  return torch::nn::Sequential(BasicBlock(in, out, stride),
                               BasicBlock(out, out, 1));
}

}  // namespace

BasicBlockImpl::BasicBlockImpl(std::int64_t in, std::int64_t out,
                               std::int64_t stride) {
  conv1 = register_module("conv1", convolution(in, out, 3, stride));
  bn1 = register_module("bn1", SyncBatchNorm2d(out));
  conv2 = register_module("conv2", convolution(out, out, 3, 1));
  bn2 = register_module("bn2", SyncBatchNorm2d(out));
  if (stride == 1 && in == out) return;
  downsample = register_module(
      "downsample", torch::nn::Sequential(convolution(in, out, 1, stride),
                                          SyncBatchNorm2d(out)));
}

torch::Tensor BasicBlockImpl::forward(torch::Tensor x) {
  const auto shortcut = downsample ? downsample->forward(x) : x;
  x = bn2(conv2(at::relu(bn1(conv1(x)))));
  return at::relu(x + shortcut);
}

ResNet18Impl::ResNet18Impl(std::int64_t classes) {
  conv1 = register_module("conv1", convolution(3, 64, 3, 1));
  bn1 = register_module("bn1", SyncBatchNorm2d(64));
  layer1 = register_module("layer1", stage(64, 64, 1));
  layer2 = register_module("layer2", stage(64, 128, 2));
  layer3 = register_module("layer3", stage(128, 256, 2));
  layer4 = register_module("layer4", stage(256, 512, 2));
  fc = register_module("fc", torch::nn::Linear(512, classes));
}

torch::Tensor ResNet18Impl::forward(torch::Tensor x) {
  x = at::relu(bn1(conv1(x)));
  x = layer4->forward(layer3->forward(layer2->forward(layer1->forward(x))));
  return fc(x.mean({2, 3}));
}

}  // namespace expandnet::models
