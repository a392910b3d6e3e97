// to_options.h: the options that a layer was made with, from those that it
// keeps, which no constructor of LibTorch takes.
#pragma once

#include <torch/nn/options/conv.h>
#include <torch/nn/options/linear.h>

namespace expandnet::examples {

inline torch::nn::Conv2dOptions to_options(
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
inline torch::nn::LinearOptions to_options(
    const torch::nn::LinearOptions& kept) {
  return kept;
}

}  // namespace expandnet::examples
