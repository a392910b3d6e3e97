#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/max_pool2d.h>
#include <c10/util/Exception.h>
#include <expandnet/models/yolo_lite.h>
#include <expandnet/nn/sync_batch_norm.h>

#include <string>

#include "base/error.h"
#include "base/text.h"
#include "models/layers.h"

namespace expandnet::models {

namespace {

constexpr std::array<std::int64_t, YoloLiteImpl::kHiddenLayers> kYoloWidths = {
    16, 32, 64, 128, 128, 256};
constexpr double kYoloSlope = 0.1;
constexpr std::int64_t kYoloBoxNumbers = 5;  // x, y, w, h and objectness

void check_yolo_option(const char* name, std::int64_t value) {
  TORCH_CHECK(value > 0,
              error_message("YoloLite", c10::str(name, " must be positive"),
                            c10::str(value)));
}

}  // namespace

YoloLiteImpl::YoloLiteImpl(const YoloLiteOptions& net_options)
    : options(net_options),
      convolutions{nullptr, nullptr, nullptr, nullptr, nullptr, nullptr},
      norms{nullptr, nullptr, nullptr, nullptr, nullptr, nullptr} {
  check_yolo_option("classes", options.classes());
  check_yolo_option("anchors", options.anchors());
  std::int64_t in = 3;
  for (std::size_t i = 0; i < kHiddenLayers; ++i) {
    const auto number = std::to_string(i + 1);
    const auto out = kYoloWidths[i];
    convolutions[i] = register_module(
        "conv" + number, torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3)
                                               .padding(1)
                                               .bias(!options.batch_norm())));
    if (options.batch_norm()) {
      norms[i] = register_module("bn" + number, SyncBatchNorm2d(out));
    }
    in = out;
  }
  head = register_module(
      "conv7",
      torch::nn::Conv2d(torch::nn::Conv2dOptions(
          in, options.anchors() * (kYoloBoxNumbers + options.classes()), 1)));
  for (const auto& module : modules(/*include_self=*/false)) {
    const auto* conv = module->as<torch::nn::Conv2d>();
    if (conv == nullptr) continue;
    draw_scaled(conv->weight, conv->bias, 2,
                conv->weight.numel() / conv->weight.size(0));
  }
}

torch::Tensor YoloLiteImpl::forward(torch::Tensor x) {
  const bool whole_cells = x.dim() == 4 && x.size(2) > 0 && x.size(3) > 0 &&
                           x.size(2) % kStride == 0 && x.size(3) % kStride == 0;
  TORCH_CHECK(
      whole_cells,
      error_message("YoloLite",
                    c10::str("images must have a height and a width that are "
                             "multiples of ",
                             kStride),
                    sizes(x.sizes()), "resize them, for example to 224x224"));
  for (std::size_t i = 0; i < kHiddenLayers; ++i) {
    x = convolutions[i](x);
    if (norms[i]) x = norms[i](x);
    // The leaky ReLU and max-pool commute; after it, the leaky ReLU has a
    // quarter of the work.
    if (i + 1 < kHiddenLayers) x = at::max_pool2d(x, 2);
    x = at::leaky_relu(x, kYoloSlope);
  }
  return head(x);
}

}  // namespace expandnet::models
