#include <expandnet/nn/describe.h>
#include <expandnet/nn/expanded_linear.h>

namespace expandnet {

ExpandedLinearImpl::ExpandedLinearImpl(
    const torch::nn::LinearOptions& linear_options,
    const ExpansionOptions& expansion)
    : ExpandedLayerImpl(describe(linear_options), expansion, "ExpandedLinear"),
      options(linear_options) {}

ExpandedLinearImpl::ExpandedLinearImpl(std::int64_t in_features,
                                       std::int64_t out_features,
                                       const ExpansionOptions& expansion)
    : ExpandedLinearImpl(torch::nn::LinearOptions(in_features, out_features),
                         expansion) {}

}  // namespace expandnet
