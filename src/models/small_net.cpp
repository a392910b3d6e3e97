#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <c10/util/Exception.h>
#include <expandnet/models/small_net.h>
#include <expandnet/nn/sync_batch_norm.h>

#include "base/error.h"

namespace expandnet::models {

SmallNetImpl::SmallNetImpl(const SmallNetOptions& net_options)
    : options(net_options) {
  const auto kernel = options.kernel_size();
  TORCH_CHECK(
      kernel > 0 && kernel % 2 == 1,
      error_message("SmallNet", "kernel_size must be odd", c10::str(kernel)));
  const auto padding = kernel == 3 ? 0 : kernel / 2;
  auto side = options.image_size();
  for (int conv = 0; conv < 3; ++conv)
    side = (side + 2 * padding - kernel + 1) / 2;
  TORCH_CHECK(side > 0, error_message("SmallNet",
                                      c10::str("images must be larger for a ",
                                               kernel, "x", kernel, " kernel"),
                                      c10::str(options.image_size(), "x",
                                               options.image_size())));

  const auto conv = [&](const char* name, std::int64_t in, std::int64_t out) {
    return register_module(
        name, torch::nn::Conv2d(
                  torch::nn::Conv2dOptions(in, out, kernel).padding(padding)));
  };
  conv1 = conv("conv1", options.in_channels(), 8);
  bn1 = register_module("bn1", SyncBatchNorm2d(8));
  conv2 = conv("conv2", 8, 16);
  bn2 = register_module("bn2", SyncBatchNorm2d(16));
  conv3 = conv("conv3", 16, 32);
  bn3 = register_module("bn3", SyncBatchNorm2d(32));
  fc1 = register_module("fc1", torch::nn::Linear(32 * side * side, 64));
  fc2 = register_module("fc2", torch::nn::Linear(64, options.classes()));
}

torch::Tensor SmallNetImpl::forward(torch::Tensor x) {
  // ReLU and max-pool commute; after it, ReLU has a quarter of the work.
  x = at::relu(at::max_pool2d(bn1(conv1(x)), 2));
  x = at::relu(at::max_pool2d(bn2(conv2(x)), 2));
  x = at::relu(at::max_pool2d(bn3(conv3(x)), 2));
  return fc2(at::relu(fc1(x.flatten(1))));
}

}  // namespace expandnet::models
