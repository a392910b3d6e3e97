#include <ATen/ops/cat.h>
#include <ATen/ops/channel_shuffle.h>
#include <ATen/ops/max_pool2d.h>
#include <c10/util/Exception.h>
#include <expandnet/models/shufflenet_v2.h>
#include <expandnet/nn/sync_batch_norm.h>

#include "base/error.h"
#include "models/layers.h"

namespace expandnet::models {

namespace {

struct Channels {
  double width;
  std::int64_t conv1, stage2, stage3, stage4, conv5;
};

constexpr Channels kChannels[] = {{0.5, 24, 48, 96, 192, 1024},
                                  {1.0, 24, 116, 232, 464, 1024},
                                  {1.5, 24, 176, 352, 704, 1024},
                                  {2.0, 24, 244, 488, 976, 2048}};

Channels channels_at(double width) {
  for (const auto& channels : kChannels) {
    if (channels.width == width) return channels;
  }
  TORCH_CHECK(false, error_message("ShuffleNetV2",
                                   "width must be one of 0.5, 1, 1.5, 2",
                                   c10::str(width)));
}

class ShuffleUnitImpl : public torch::nn::Module {
 public:
  /// At stride 1 half of the channels pass by; at 2 a branch takes them along.
  ShuffleUnitImpl(std::int64_t in, std::int64_t out, std::int64_t stride) {
    const auto half = out / 2;
    if (stride != 1) {
      branch1_ = register_module(
          "branch1", torch::nn::Sequential(
                         conv_before_norm(in, in, 3, stride, /*groups=*/in),
                         SyncBatchNorm2d(in), conv_before_norm(in, half, 1),
                         SyncBatchNorm2d(half), relu_in_place()));
    }
    branch2_ = register_module(
        "branch2", torch::nn::Sequential(
                       conv_before_norm(stride == 1 ? half : in, half, 1),
                       SyncBatchNorm2d(half), relu_in_place(),
                       conv_before_norm(half, half, 3, stride, /*groups=*/half),
                       SyncBatchNorm2d(half), conv_before_norm(half, half, 1),
                       SyncBatchNorm2d(half), relu_in_place()));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    if (branch1_) return shuffled(branch1_->forward(x), branch2_->forward(x));
    const auto halves = x.chunk(2, 1);
    return shuffled(halves[0], branch2_->forward(halves[1]));
  }

 private:
  static torch::Tensor shuffled(const torch::Tensor& first,
                                const torch::Tensor& second) {
    return at::channel_shuffle(at::cat({first, second}, 1), 2);
  }

  torch::nn::Sequential branch1_{nullptr}, branch2_{nullptr};
};
TORCH_MODULE(ShuffleUnit);

torch::nn::Sequential shuffle_stage(std::int64_t in, std::int64_t out,
                                    std::int64_t units) {
  torch::nn::Sequential layers(ShuffleUnit(in, out, 2));
  while (--units > 0) layers->push_back(ShuffleUnit(out, out, 1));
  return layers;
}

torch::nn::Sequential conv_norm_relu(std::int64_t in, std::int64_t out,
                                     std::int64_t kernel, std::int64_t stride) {
  return torch::nn::Sequential(conv_before_norm(in, out, kernel, stride),
                               SyncBatchNorm2d(out), relu_in_place());
}

}  // namespace

ShuffleNetV2Impl::ShuffleNetV2Impl(const ShuffleNetV2Options& net_options)
    : options(net_options) {
  const auto n = channels_at(options.width());
  conv1 =
      register_module("conv1", conv_norm_relu(options.in_channels(), n.conv1, 3,
                                              options.small_images() ? 1 : 2));
  stage2 = register_module("stage2", shuffle_stage(n.conv1, n.stage2, 4));
  stage3 = register_module("stage3", shuffle_stage(n.stage2, n.stage3, 8));
  stage4 = register_module("stage4", shuffle_stage(n.stage3, n.stage4, 4));
  conv5 = register_module("conv5", conv_norm_relu(n.stage4, n.conv5, 1, 1));
  fc = register_module("fc", torch::nn::Linear(n.conv5, options.classes()));
}

torch::Tensor ShuffleNetV2Impl::forward(torch::Tensor x) {
  x = conv1->forward(x);
  if (!options.small_images()) x = at::max_pool2d(x, 3, 2, 1);
  x = stage4->forward(stage3->forward(stage2->forward(x)));
  return fc(conv5->forward(x).mean({2, 3}));
}

}  // namespace expandnet::models
