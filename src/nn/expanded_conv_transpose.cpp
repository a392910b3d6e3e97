#include <expandnet/nn/describe.h>
#include <expandnet/nn/expanded_conv_transpose.h>

#include <string>

namespace expandnet {

template <std::size_t D, typename Derived>
ExpandedConvTransposeNdImpl<D, Derived>::ExpandedConvTransposeNdImpl(
    const torch::nn::ConvTransposeOptions<D>& conv_options,
    const ExpansionOptions& expansion)
    : ExpandedLayerImpl<Derived>(
          describe(conv_options,
                   {"ExpandedConvTranspose" + std::to_string(D) + "d", ""}),
          expansion, "ExpandedConvTranspose" + std::to_string(D) + "d"),
      options(conv_options) {}

template class ExpandedConvTransposeNdImpl<1, ExpandedConvTranspose1dImpl>;
template class ExpandedConvTransposeNdImpl<2, ExpandedConvTranspose2dImpl>;
template class ExpandedConvTransposeNdImpl<3, ExpandedConvTranspose3dImpl>;

ExpandedConvTranspose1dImpl::ExpandedConvTranspose1dImpl(
    const torch::nn::ConvTranspose1dOptions& conv_options,
    const ExpansionOptions& expansion)
    : ExpandedConvTransposeNdImpl(conv_options, expansion) {}

ExpandedConvTranspose2dImpl::ExpandedConvTranspose2dImpl(
    const torch::nn::ConvTranspose2dOptions& conv_options,
    const ExpansionOptions& expansion)
    : ExpandedConvTransposeNdImpl(conv_options, expansion) {}

ExpandedConvTranspose3dImpl::ExpandedConvTranspose3dImpl(
    const torch::nn::ConvTranspose3dOptions& conv_options,
    const ExpansionOptions& expansion)
    : ExpandedConvTransposeNdImpl(conv_options, expansion) {}

}  // namespace expandnet
