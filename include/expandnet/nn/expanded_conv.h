// expanded_conv.h: convolutions that train as a chain.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/nn/expanded_layer.h>
#include <torch/nn/options/conv.h>
#include <torch/nn/pimpl.h>

#include <cstddef>

namespace expandnet {

/// Common part of ExpandedConv1d, ExpandedConv2d and ExpandedConv3d; see there.
template <std::size_t D, typename Derived>
class EXPANDNET_API ExpandedConvNdImpl : public ExpandedLayerImpl<Derived> {
 public:
  ExpandedConvNdImpl(const torch::nn::ConvOptions<D>& conv_options,
                     const ExpansionOptions& expansion);

  /// [N, in, *spatial] or [in, *spatial] -> the compact layer's output.
  torch::Tensor forward(const torch::Tensor& input) { return this->run(input); }

  torch::nn::ConvOptions<D> options;
};

/// A `torch::nn::Conv1d` that trains as a chain; see ExpandedConv2d.
class EXPANDNET_API ExpandedConv1dImpl
    : public ExpandedConvNdImpl<1, ExpandedConv1dImpl> {
 public:
  explicit ExpandedConv1dImpl(const torch::nn::Conv1dOptions& conv_options,
                              const ExpansionOptions& expansion = {});
};
TORCH_MODULE(ExpandedConv1d);

/// A `torch::nn::Conv2d` that trains as a chain and contracts to exactly that
/// layer. Takes the unchanged options of the compact layer: stride, padding
/// (including kSame and kValid), dilation, groups, bias and all padding modes
/// are exact. State keys are `chain.<i>.weight|bias`; after contraction,
/// `weight` and `bias`.
///
/// Throws `c10::Error` as `plan` does.
///
///     ExpandedConv2d conv(torch::nn::Conv2dOptions(3, 8, 7).padding(3),
///                         ExpansionOptions(Strategy::kCK).rate(4));
class EXPANDNET_API ExpandedConv2dImpl
    : public ExpandedConvNdImpl<2, ExpandedConv2dImpl> {
 public:
  explicit ExpandedConv2dImpl(const torch::nn::Conv2dOptions& conv_options,
                              const ExpansionOptions& expansion = {});
};
TORCH_MODULE(ExpandedConv2d);

/// A `torch::nn::Conv3d` that trains as a chain; see ExpandedConv2d.
class EXPANDNET_API ExpandedConv3dImpl
    : public ExpandedConvNdImpl<3, ExpandedConv3dImpl> {
 public:
  explicit ExpandedConv3dImpl(const torch::nn::Conv3dOptions& conv_options,
                              const ExpansionOptions& expansion = {});
};
TORCH_MODULE(ExpandedConv3d);

}  // namespace expandnet
