// unet.h: the paper's network for semantic segmentation.
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

/// How the expanding path doubles height and width and halves the channels.
enum class UpSampling {
  kTransposed,  ///< a transposed 2x2 convolution of stride 2
  kBilinear,    ///< a 1x1 convolution, then bilinear interpolation
};

/// Options of UNet.
struct UNetOptions {
  TORCH_ARG(std::int64_t, classes) = 19;
  /// Channels of the first stage; each deeper stage has twice as many.
  TORCH_ARG(std::int64_t, width) = 32;
  TORCH_ARG(std::int64_t, in_channels) = 3;
  /// Whether BatchNorm follows the 3x3 convolutions, which then have no bias.
  TORCH_ARG(bool, batch_norm) = false;
  TORCH_ARG(UpSampling, up_sampling) = UpSampling::kTransposed;
};

/// Two 3x3 convolutions that keep the size, each followed by ReLU.
class EXPANDNET_API UNetStageImpl : public torch::nn::Module {
 public:
  UNetStageImpl(std::int64_t in, std::int64_t out, bool batch_norm);

  torch::Tensor forward(torch::Tensor x);

  torch::nn::Conv2d conv1{nullptr}, conv2{nullptr};
  SyncBatchNorm2d bn1{nullptr}, bn2{nullptr};  ///< empty without BatchNorm
};
TORCH_MODULE(UNetStage);

/// U-Net (Ronneberger et al., 2015) with padded convolutions. It consists of a
/// contracting path of four stages, each followed by a 2x2 max-pool; a stage in
/// the middle; an expanding path of four stages, each of which also gets the
/// output of the contracting stage of the same size; and a 1x1 convolution. It
/// has 7,760,691 parameters with the default options. State keys start with
/// `encoder1` to `encoder4`, `middle`, `up4` to `up1`, `decoder4` to `decoder1`
/// and `head`; stage 1 has the full size.
///
/// [N, in_channels, H, W] -> [N, classes, H, W]
///
/// H and W may be any size: the image is padded with zeros on the right and at
/// the bottom to multiples of 16, and the padding is cropped from the logits.
///
/// Weights start from N(0, 2 / fan-in) before a ReLU, as in the paper, and from
/// N(0, 1 / fan-in) in the layers that sample up; biases start at 0. Only
/// `head` has LibTorch's default initial values.
///
/// Throws `c10::Error` if an option is not positive, and in forward for an
/// image without pixels or with other channels.
class EXPANDNET_API UNetImpl : public torch::nn::Module {
 public:
  static constexpr std::size_t kStages = 4;
  /// Height and width are padded to multiples of this number.
  static constexpr std::int64_t kStride = 16;

  explicit UNetImpl(const UNetOptions& net_options = {});

  torch::Tensor forward(torch::Tensor x);

  /// How many rows or columns away the farthest pixel is that affects a logit.
  /// In evaluation mode, a tile whose origin is a multiple of `kStride` has the
  /// same logits as the whole image wherever it continues for at least this
  /// many pixels.
  [[nodiscard]] std::int64_t receptive_radius() const;

  UNetOptions options;
  /// Starts with the full size.
  std::array<UNetStage, kStages> encoders;
  UNetStage middle{nullptr};
  /// The layers `up1` to `up4`: transposed convolutions in `ups` or 1x1
  /// convolutions in `narrows`; the other array is empty. All start with the
  /// full size, so the layer that runs last is first.
  std::array<torch::nn::ConvTranspose2d, kStages> ups;
  std::array<torch::nn::Conv2d, kStages> narrows;
  std::array<UNetStage, kStages> decoders;
  torch::nn::Conv2d head{nullptr};
};
TORCH_MODULE(UNet);

}  // namespace expandnet::models
