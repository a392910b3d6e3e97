// unet.h: the paper's network for semantic segmentation.
#pragma once

#include <expandnet/nn/sync_batch_norm.h>
#include <torch/arg.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace expandnet::models {

/// How the expanding path doubles height and width, and halves the channels.
enum class UpSampling {
  kTransposed,  ///< a transposed 2x2 convolution of stride 2
  kBilinear,    ///< a 1x1 convolution, then bilinear interpolation
};

/// Options of UNet.
struct UNetOptions {
  TORCH_ARG(std::int64_t, classes) = 19;
  /// Channels of the first stage; each stage further down has twice as many.
  TORCH_ARG(std::int64_t, width) = 32;
  TORCH_ARG(std::int64_t, in_channels) = 3;
  /// Whether BatchNorm follows the 3x3 convolutions, which have no bias then.
  TORCH_ARG(bool, batch_norm) = false;
  TORCH_ARG(UpSampling, up_sampling) = UpSampling::kTransposed;
};

/// Two 3x3 convolutions that keep the size, each followed by ReLU.
class UNetStageImpl : public torch::nn::Module {
 public:
  UNetStageImpl(std::int64_t in, std::int64_t out, bool batch_norm);

  torch::Tensor forward(torch::Tensor x);

  torch::nn::Conv2d conv1{nullptr}, conv2{nullptr};
  SyncBatchNorm2d bn1{nullptr}, bn2{nullptr};  ///< may be empty
};
TORCH_MODULE(UNetStage);

/// U-Net (Ronneberger et al., 2015) with padded convolutions. A contracting
/// path of four stages, each followed by a 2x2 max-pool, a stage in the middle,
/// and an expanding path of four stages, each of which also sees the stage of
/// its size; then a 1x1 convolution. 7,760,691 parameters with the defaults.
/// State keys start with `encoder1` to `encoder4`, `middle`, `up4` to `up1`,
/// `decoder4` to `decoder1` and `head`; the number 1 has the full size.
///
/// [N, in_channels, H, W] -> [N, classes, H, W]
///
/// Any size: zeros fill the image on the right and at the bottom, up to
/// multiples of 16, and are cut off in the end.
///
/// Weights start from N(0, 2 / inputs) before a ReLU, as the paper has it, and
/// from N(0, 1 / inputs) where it samples up; biases start at 0.
///
/// Throws `c10::Error` when an option is not positive, and in forward for an
/// image without pixels or of other channels.
class UNetImpl : public torch::nn::Module {
 public:
  static constexpr std::size_t kStages = 4;
  /// What height and width are filled up to a multiple of.
  static constexpr std::int64_t kStride = 16;

  explicit UNetImpl(const UNetOptions& net_options = {});

  torch::Tensor forward(torch::Tensor x);

  /// How many rows or columns away the farthest pixel is that a logit depends
  /// on. In evaluation mode, tiles whose origins are multiples of `kStride`
  /// have the logits of the whole image where they go on for at least so far.
  [[nodiscard]] std::int64_t receptive_radius() const;

  UNetOptions options;
  /// From the full size down.
  std::array<UNetStage, kStages> encoders;
  UNetStage middle{nullptr};
  /// From the full size down, so that the last comes first. Either `ups` or
  /// `narrows` are empty: the layers `up1` to `up4`, transposed or 1x1.
  std::array<torch::nn::ConvTranspose2d, kStages> ups;
  std::array<torch::nn::Conv2d, kStages> narrows;
  std::array<UNetStage, kStages> decoders;
  torch::nn::Conv2d head{nullptr};
};
TORCH_MODULE(UNet);

}  // namespace expandnet::models
