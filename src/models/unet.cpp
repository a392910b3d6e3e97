#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <c10/util/Exception.h>
#include <expandnet/models/unet.h>
#include <expandnet/nn/sync_batch_norm.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/text.h"
#include "models/layers.h"

namespace expandnet::models {

namespace {

constexpr std::int64_t kStageReach = 2;  // pixels, of two 3x3 convolutions
constexpr std::array<double, 2> kTwice = {2, 2};

void check_unet_option(const char* name, std::int64_t value) {
  TORCH_CHECK(value > 0,
              error_message("UNet", c10::str(name, " must be positive"),
                            c10::str(value)));
}

torch::nn::Conv2d unet_conv(std::int64_t in, std::int64_t out, bool bias) {
  return torch::nn::Conv2d(
      torch::nn::Conv2dOptions(in, out, 3).padding(1).bias(bias));
}

std::int64_t missing_to_stride(std::int64_t side) {
  return (UNetImpl::kStride - side % UNetImpl::kStride) % UNetImpl::kStride;
}

/// A ReLU follows each 3x3 convolution, and none what samples up, of whose
/// inputs each output gets one pixel.
void draw_unet(torch::nn::Module& net) {
  for (const auto& module : net.modules(/*include_self=*/false)) {
    if (auto* conv = module->as<torch::nn::Conv2d>()) {
      const auto inputs = conv->weight.numel() / conv->weight.size(0);
      const bool before_relu = conv->weight.size(2) > 1;
      draw_scaled(conv->weight, conv->bias, before_relu ? 2 : 1, inputs);
    } else if (auto* up = module->as<torch::nn::ConvTranspose2d>()) {
      draw_scaled(up->weight, up->bias, 1, up->weight.size(0));
    }
  }
}

}  // namespace

UNetStageImpl::UNetStageImpl(std::int64_t in, std::int64_t out,
                             bool batch_norm) {
  conv1 = register_module("conv1", unet_conv(in, out, !batch_norm));
  if (batch_norm) bn1 = register_module("bn1", SyncBatchNorm2d(out));
  conv2 = register_module("conv2", unet_conv(out, out, !batch_norm));
  if (batch_norm) bn2 = register_module("bn2", SyncBatchNorm2d(out));
}

torch::Tensor UNetStageImpl::forward(torch::Tensor x) {
  x = conv1(x);
  if (bn1) x = bn1(x);
  x = conv2(x.relu_());
  if (bn2) x = bn2(x);
  return x.relu_();
}

UNetImpl::UNetImpl(const UNetOptions& net_options)
    : options(net_options),
      encoders{nullptr, nullptr, nullptr, nullptr},
      ups{nullptr, nullptr, nullptr, nullptr},
      narrows{nullptr, nullptr, nullptr, nullptr},
      decoders{nullptr, nullptr, nullptr, nullptr} {
  check_unet_option("classes", options.classes());
  check_unet_option("width", options.width());
  check_unet_option("in_channels", options.in_channels());
  const auto norm = options.batch_norm();
  auto in = options.in_channels();
  auto out = options.width();
  for (std::size_t i = 0; i < kStages; ++i) {
    encoders[i] = register_module("encoder" + std::to_string(i + 1),
                                  UNetStage(in, out, norm));
    in = out;
    out *= 2;
  }
  middle = register_module("middle", UNetStage(in, out, norm));
  for (std::size_t i = kStages; i-- > 0;) {
    const auto number = std::to_string(i + 1);
    const auto half = out / 2;
    if (options.up_sampling() == UpSampling::kTransposed) {
      ups[i] = register_module(
          "up" + number,
          torch::nn::ConvTranspose2d(
              torch::nn::ConvTranspose2dOptions(out, half, 2).stride(2)));
    } else {
      narrows[i] = register_module(
          "up" + number,
          torch::nn::Conv2d(torch::nn::Conv2dOptions(out, half, 1)));
    }
    decoders[i] =
        register_module("decoder" + number, UNetStage(out, half, norm));
    out = half;
  }
  draw_unet(*this);
  head = register_module("head", torch::nn::Conv2d(torch::nn::Conv2dOptions(
                                     out, options.classes(), 1)));
}

torch::Tensor UNetImpl::forward(torch::Tensor x) {
  TORCH_CHECK(x.dim() == 4 && x.size(1) == options.in_channels() &&
                  x.size(2) > 0 && x.size(3) > 0,
              error_message("UNet",
                            c10::str("images must be [N, ",
                                     options.in_channels(), ", H, W]"),
                            sizes(x.sizes())));
  const auto height = x.size(2);
  const auto width = x.size(3);
  const auto below = missing_to_stride(height);
  const auto right = missing_to_stride(width);
  if (below > 0 || right > 0) {
    x = at::constant_pad_nd(x, {0, right, 0, below});
  }
  std::array<torch::Tensor, kStages> skips;
  for (std::size_t i = 0; i < kStages; ++i) {
    skips[i] = encoders[i](x);
    x = at::max_pool2d(skips[i], 2);
  }
  x = middle(x);
  for (std::size_t i = kStages; i-- > 0;) {
    if (ups[i]) {
      x = ups[i](x);
    } else {
      // Weights of an interpolation sum to 1, so that it commutes with the 1x1
      // convolution, which has a quarter of the work before it. By a factor,
      // not by a size, which a trace would keep.
      x = at::upsample_bilinear2d(narrows[i](x), at::OptionalIntArrayRef(),
                                  /*align_corners=*/false, kTwice);
    }
    x = decoders[i](at::cat({skips[i], x}, 1));
    skips[i].reset();  // without gradients, its memory is free from here on
  }
  x = head(x);
  // A trace of an image that was not filled up takes others of any such size.
  if (below == 0 && right == 0) return x;
  return x.slice(2, 0, height).slice(3, 0, width);
}

std::int64_t UNetImpl::receptive_radius() const {
  const bool bilinear = options.up_sampling() == UpSampling::kBilinear;
  std::int64_t radius = 0;
  // What a logit sees is not in its middle, and depends on where its place is
  // among 16. Far from zero, halves are rounded down.
  for (std::int64_t place = 64 * kStride; place < 65 * kStride; ++place) {
    auto first = place;
    auto last = place;
    for (std::size_t i = 0; i < kStages; ++i) {
      first -= kStageReach;
      last += kStageReach;
      // A bilinear pixel lies a quarter beside the middle of its source, on the
      // side of a neighbour.
      first = bilinear ? (first - 1) / 2 : first / 2;
      last = bilinear ? (last + 1) / 2 : last / 2;
    }
    first -= kStageReach;
    last += kStageReach;
    for (std::size_t i = 0; i < kStages; ++i) {
      first = 2 * first - kStageReach;
      last = 2 * last + 1 + kStageReach;
    }
    radius = std::max({radius, place - first, last - place});
  }
  return radius;
}

}  // namespace expandnet::models
