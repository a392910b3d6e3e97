// expanded_linear.h: a linear layer that trains as a chain.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/nn/expanded_layer.h>
#include <torch/nn/options/linear.h>
#include <torch/nn/pimpl.h>

namespace expandnet {

/// A `torch::nn::Linear` that trains as an FC chain and contracts to exactly
/// that layer. [..., in] -> [..., out]. State keys are `chain.<i>.weight|bias`;
/// once contracted, `weight` and `bias`.
///
/// Throws `c10::Error` as `plan` does.
///
///     ExpandedLinear fc(torch::nn::LinearOptions(512, 64));
class EXPANDNET_API ExpandedLinearImpl
    : public ExpandedLayerImpl<ExpandedLinearImpl> {
 public:
  explicit ExpandedLinearImpl(const torch::nn::LinearOptions& linear_options,
                              const ExpansionOptions& expansion = {});
  ExpandedLinearImpl(std::int64_t in_features, std::int64_t out_features,
                     const ExpansionOptions& expansion = {});

  torch::Tensor forward(const torch::Tensor& input) { return run(input); }

  torch::nn::LinearOptions options;
};
TORCH_MODULE(ExpandedLinear);

}  // namespace expandnet
