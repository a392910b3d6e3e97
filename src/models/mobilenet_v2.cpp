#include <ATen/TensorOperators.h>
#include <c10/util/Exception.h>
#include <expandnet/models/mobilenet_v2.h>
#include <expandnet/nn/sync_batch_norm.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "models/layers.h"

namespace expandnet::models {

namespace {

/// Blocks of one shape; the first of them has the stride, the others 1.
struct Group {
  std::int64_t expansion;  ///< hidden channels per channel of the input
  std::int64_t channels;
  std::int64_t blocks;
  std::int64_t stride;
};

constexpr Group kGroups[] = {{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2},
                             {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2},
                             {6, 320, 1, 1}};

Stack conv_norm_relu6(std::int64_t in, std::int64_t out, std::int64_t kernel,
                      std::int64_t stride = 1, std::int64_t groups = 1) {
  return Stack(conv_before_norm(in, out, kernel, stride, groups),
               SyncBatchNorm2d(out), relu6_in_place());
}

class InvertedResidualImpl : public torch::nn::Module {
 public:
  InvertedResidualImpl(std::int64_t in, std::int64_t out, std::int64_t stride,
                       std::int64_t expansion)
      : has_shortcut_(stride == 1 && in == out) {
    const auto hidden = in * expansion;
    torch::nn::Sequential layers;
    if (expansion != 1) layers->push_back(conv_norm_relu6(in, hidden, 1));
    layers->push_back(conv_norm_relu6(hidden, hidden, 3, stride, hidden));
    layers->push_back(conv_before_norm(hidden, out, 1));
    layers->push_back(SyncBatchNorm2d(out));
    conv_ = register_module("conv", layers);
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const auto residual = conv_->forward(x);
    return has_shortcut_ ? x + residual : residual;
  }

 private:
  bool has_shortcut_;
  torch::nn::Sequential conv_{nullptr};
};
TORCH_MODULE(InvertedResidual);

}  // namespace

MobileNetV2Impl::MobileNetV2Impl(const MobileNetV2Options& net_options)
    : options(net_options) {
  const auto width = options.width();
  TORCH_CHECK(width > 0, error_message("MobileNetV2", "width must be positive",
                                       c10::str(width)));
  auto in = scaled_channels(32, width);
  torch::nn::Sequential layers(conv_norm_relu6(options.in_channels(), in, 3,
                                               options.small_images() ? 1 : 2));
  bool is_first_stride = true;
  for (const auto& group : kGroups) {
    const auto out = scaled_channels(group.channels, width);
    auto first_stride = group.stride;
    if (first_stride > 1) {
      if (is_first_stride && options.small_images()) first_stride = 1;
      is_first_stride = false;
    }
    for (std::int64_t i = 0; i < group.blocks; ++i) {
      const auto stride = i == 0 ? first_stride : 1;
      layers->push_back(InvertedResidual(in, out, stride, group.expansion));
      in = out;
    }
  }
  const auto last = scaled_channels(1280, std::max(1.0, width));
  layers->push_back(conv_norm_relu6(in, last, 1));
  features = register_module("features", layers);
  classifier = register_module(
      "classifier",
      torch::nn::Sequential(torch::nn::Dropout(options.dropout()),
                            torch::nn::Linear(last, options.classes())));
  draw_mobile_net(*this);
}

torch::Tensor MobileNetV2Impl::forward(torch::Tensor x) {
  return classifier->forward(features->forward(std::move(x)).mean({2, 3}));
}

}  // namespace expandnet::models
