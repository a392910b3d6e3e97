// made_from.h: the options that made a layer from those that it keeps, which
// LibTorch's constructors do not take.
#pragma once

#include <torch/nn/options/conv.h>
#include <torch/nn/options/linear.h>

namespace expandnet::examples {

inline torch::nn::Conv2dOptions made_from(
    const torch::nn::detail::ConvNdOptions<2>& kept) {
  return torch::nn::Conv2dOptions(kept.in_channels(), kept.out_channels(),
                                  kept.kernel_size())
      .stride(kept.stride())
      .padding(kept.padding())
      .dilation(kept.dilation())
      .groups(kept.groups())
      .bias(kept.bias())
      .padding_mode(kept.padding_mode());
}
inline torch::nn::LinearOptions made_from(
    const torch::nn::LinearOptions& kept) {
  return kept;
}

}  // namespace expandnet::examples
