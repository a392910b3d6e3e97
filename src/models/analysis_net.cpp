#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <expandnet/models/analysis_net.h>
#include <expandnet/nn/sync_batch_norm.h>

namespace expandnet::models {

AnalysisNetImpl::AnalysisNetImpl(std::int64_t classes) {
  const auto conv = [&](const char* name, std::int64_t in, std::int64_t out) {
    return register_module(
        name,
        torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 7).padding(3)));
  };
  const auto norm = [&](const char* name, std::int64_t channels) {
    return register_module(name, SyncBatchNorm2d(channels));
  };
  conv1 = conv("conv1", 3, 8);
  bn1 = norm("bn1", 8);
  conv2 = conv("conv2", 8, 16);
  bn2 = norm("bn2", 16);
  conv3 = conv("conv3", 16, 32);
  bn3 = norm("bn3", 32);
  conv4 = conv("conv4", 32, 64);
  bn4 = norm("bn4", 64);
  fc1 = register_module("fc1", torch::nn::Linear(256, 64));
  fc2 = register_module("fc2", torch::nn::Linear(64, classes));
}

torch::Tensor AnalysisNetImpl::forward(torch::Tensor x) {
  // ReLU and max-pool commute; after it, ReLU has a quarter of the work.
  x = at::relu(at::max_pool2d(bn1(conv1(x)), 2));
  x = at::relu(at::max_pool2d(bn2(conv2(x)), 2));
  x = at::relu(at::max_pool2d(bn3(conv3(x)), 2));
  x = at::relu(at::max_pool2d(bn4(conv4(x)), 2));
  return fc2(at::relu(fc1(x.flatten(1))));
}

}  // namespace expandnet::models
