// expanded_conv_transpose.h: transposed convolutions that train as a chain.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/nn/expanded_layer.h>
#include <torch/nn/modules/common.h>
#include <torch/nn/modules/container/any_module_holder.h>
#include <torch/nn/options/conv.h>
#include <torch/nn/pimpl.h>

#include <cstddef>
#include <optional>

namespace expandnet {

/// Common part of ExpandedConvTranspose1d, ExpandedConvTranspose2d and
/// ExpandedConvTranspose3d; see there.
template <std::size_t D, typename Derived>
class EXPANDNET_API ExpandedConvTransposeNdImpl
    : public ExpandedLayerImpl<Derived> {
 public:
  ExpandedConvTransposeNdImpl(
      const torch::nn::ConvTransposeOptions<D>& conv_options,
      const ExpansionOptions& expansion);

  /// [N, in, *spatial] or [in, *spatial] -> the compact layer's output; if
  /// `output_size` is given, with these spatial sizes.
  torch::Tensor forward(
      const torch::Tensor& input,
      const std::optional<at::IntArrayRef>& output_size = std::nullopt) {
    return this->run(input, output_size);
  }

  torch::nn::ConvTransposeOptions<D> options;

 protected:
  FORWARD_HAS_DEFAULT_ARGS(
      {1, torch::nn::AnyValue(std::optional<at::IntArrayRef>())})
};

/// A `torch::nn::ConvTranspose1d` that trains as a chain; see
/// ExpandedConvTranspose2d.
class EXPANDNET_API ExpandedConvTranspose1dImpl
    : public ExpandedConvTransposeNdImpl<1, ExpandedConvTranspose1dImpl> {
 public:
  explicit ExpandedConvTranspose1dImpl(
      const torch::nn::ConvTranspose1dOptions& conv_options,
      const ExpansionOptions& expansion = {});
};
TORCH_MODULE(ExpandedConvTranspose1d);

/// A `torch::nn::ConvTranspose2d` that trains as a chain and contracts to
/// exactly that layer. Only the last factor has a bias, because a bias before a
/// strided factor cannot be expressed as a bias of the compact layer.
///
///     ExpandedConvTranspose2d up(
///         torch::nn::ConvTranspose2dOptions(32, 16, 4).stride(2).padding(1),
///         Strategy::kCK);
class EXPANDNET_API ExpandedConvTranspose2dImpl
    : public ExpandedConvTransposeNdImpl<2, ExpandedConvTranspose2dImpl> {
 public:
  explicit ExpandedConvTranspose2dImpl(
      const torch::nn::ConvTranspose2dOptions& conv_options,
      const ExpansionOptions& expansion = {});
};
TORCH_MODULE(ExpandedConvTranspose2d);

/// A `torch::nn::ConvTranspose3d` that trains as a chain; see
/// ExpandedConvTranspose2d.
class EXPANDNET_API ExpandedConvTranspose3dImpl
    : public ExpandedConvTransposeNdImpl<3, ExpandedConvTranspose3dImpl> {
 public:
  explicit ExpandedConvTranspose3dImpl(
      const torch::nn::ConvTranspose3dOptions& conv_options,
      const ExpansionOptions& expansion = {});
};
TORCH_MODULE(ExpandedConvTranspose3d);

}  // namespace expandnet
