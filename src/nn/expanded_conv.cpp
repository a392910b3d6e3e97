#include <expandnet/nn/describe.h>
#include <expandnet/nn/expanded_conv.h>

#include <string>

namespace expandnet {

template <std::size_t D, typename Derived>
ExpandedConvNdImpl<D, Derived>::ExpandedConvNdImpl(
    const torch::nn::ConvOptions<D>& conv_options,
    const ExpansionOptions& expansion)
    : ExpandedLayerImpl<Derived>(
          describe(conv_options,
                   {"ExpandedConv" + std::to_string(D) + "d", ""}),
          expansion, "ExpandedConv" + std::to_string(D) + "d"),
      options(conv_options) {}

template class ExpandedConvNdImpl<1, ExpandedConv1dImpl>;
template class ExpandedConvNdImpl<2, ExpandedConv2dImpl>;
template class ExpandedConvNdImpl<3, ExpandedConv3dImpl>;

ExpandedConv1dImpl::ExpandedConv1dImpl(
    const torch::nn::Conv1dOptions& conv_options,
    const ExpansionOptions& expansion)
    : ExpandedConvNdImpl(conv_options, expansion) {}

ExpandedConv2dImpl::ExpandedConv2dImpl(
    const torch::nn::Conv2dOptions& conv_options,
    const ExpansionOptions& expansion)
    : ExpandedConvNdImpl(conv_options, expansion) {}

ExpandedConv3dImpl::ExpandedConv3dImpl(
    const torch::nn::Conv3dOptions& conv_options,
    const ExpansionOptions& expansion)
    : ExpandedConvNdImpl(conv_options, expansion) {}

}  // namespace expandnet
