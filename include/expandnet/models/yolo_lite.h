// yolo_lite.h: the paper's compact network for object detection.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/nn/sync_batch_norm.h>
#include <torch/arg.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace expandnet::models {

/// Options of YoloLite.
struct YoloLiteOptions {
  TORCH_ARG(std::int64_t, classes) = 20;
  /// Number of boxes that each cell predicts.
  TORCH_ARG(std::int64_t, anchors) = 5;
  /// Whether BatchNorm follows the first six convolutions, which then have no
  /// bias.
  TORCH_ARG(bool, batch_norm) = false;
};

/// YOLO-LITE (Pedoeem and Huang, 2018): five 3x3 convolutions of 16, 32, 64,
/// 128 and 128 channels, each followed by a leaky ReLU (0.1) and a 2x2
/// max-pool; a sixth of 256 channels; and a 1x1 convolution. It has 572,317
/// parameters and 240,004,352 multiply-adds for 20 classes and images of
/// 224x224. State keys are `conv1` to `conv7` and, with BatchNorm, `bn1` to
/// `bn6`.
///
/// [N, 3, H, W] -> [N, anchors (5 + classes), H / 32, W / 32]
///
/// The channels of one anchor are adjacent: tx, ty, tw, th, objectness and the
/// classes, all of them before sigmoid or softmax
/// (tasks/detection/region_loss.h).
///
/// As in darknet, weights start from N(0, 2 / fan-in) and biases at 0.
///
/// Throws `c10::Error` if an option is not positive, and in forward unless
/// height and width are multiples of 32.
class EXPANDNET_API YoloLiteImpl : public torch::nn::Module {
 public:
  /// Side of a cell in pixels.
  static constexpr std::int64_t kStride = 32;
  static constexpr std::size_t kHiddenLayers = 6;

  explicit YoloLiteImpl(const YoloLiteOptions& net_options = {});

  torch::Tensor forward(torch::Tensor x);

  YoloLiteOptions options;
  std::array<torch::nn::Conv2d, kHiddenLayers> convolutions;
  /// Empty without BatchNorm.
  std::array<SyncBatchNorm2d, kHiddenLayers> norms;
  torch::nn::Conv2d head{nullptr};  ///< `conv7`
};
TORCH_MODULE(YoloLite);

}  // namespace expandnet::models
