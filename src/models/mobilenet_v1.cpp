#include <c10/util/Exception.h>
#include <expandnet/models/mobilenet_v1.h>
#include <expandnet/nn/sync_batch_norm.h>

#include <utility>

#include "base/error.h"
#include "models/layers.h"

namespace expandnet::models {

namespace {

Stack separable_conv(std::int64_t in, std::int64_t out, std::int64_t stride) {
  return Stack(conv_before_norm(in, in, 3, stride, /*groups=*/in),
               SyncBatchNorm2d(in), relu_in_place(),
               conv_before_norm(in, out, 1), SyncBatchNorm2d(out),
               relu_in_place());
}

}  // namespace

MobileNetV1Impl::MobileNetV1Impl(const MobileNetV1Options& net_options)
    : options(net_options) {
  TORCH_CHECK(options.width() > 0,
              error_message("MobileNetV1", "width must be positive",
                            c10::str(options.width())));
  auto in = scaled_channels(32, options.width());
  torch::nn::Sequential layers(
      Stack(conv_before_norm(options.in_channels(), in, 3,
                             options.small_images() ? 1 : 2),
            SyncBatchNorm2d(in), relu_in_place()));
  const auto block = [&](std::int64_t channels, std::int64_t stride) {
    const auto out = scaled_channels(channels, options.width());
    layers->push_back(separable_conv(in, out, stride));
    in = out;
  };
  block(64, 1);
  block(128, 2);
  block(128, 1);
  block(256, 2);
  block(256, 1);
  block(512, 2);
  for (int i = 0; i < 5; ++i) block(512, 1);
  block(1024, 2);
  block(1024, 1);
  model = register_module("model", layers);
  fc = register_module("fc", torch::nn::Linear(in, options.classes()));
  draw_mobile_net(*this);
}

torch::Tensor MobileNetV1Impl::forward(torch::Tensor x) {
  return fc(model->forward(std::move(x)).mean({2, 3}));
}

}  // namespace expandnet::models
