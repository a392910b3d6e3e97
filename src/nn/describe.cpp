#include <c10/util/Exception.h>
#include <expandnet/nn/describe.h>
#include <torch/enum.h>

#include <variant>

#include "fold/site_message.h"

namespace expandnet {

namespace {

using Sides = std::vector<std::int64_t>;

template <std::size_t D>
Sides list(const torch::ExpandingArray<D>& array) {
  return {array->begin(), array->end()};
}

PaddingMode padding_mode(const torch::nn::detail::conv_padding_mode_t& mode) {
  if (std::holds_alternative<torch::enumtype::kReflect>(mode)) {
    return PaddingMode::kReflect;
  }
  if (std::holds_alternative<torch::enumtype::kReplicate>(mode)) {
    return PaddingMode::kReplicate;
  }
  if (std::holds_alternative<torch::enumtype::kCircular>(mode)) {
    return PaddingMode::kCircular;
  }
  return PaddingMode::kZeros;
}

/// What ConvOptions, ConvTransposeOptions and ConvNdOptions agree on.
template <std::size_t D, typename Options>
CompactLayer describe_shape(const Options& options) {
  CompactLayer layer;
  layer.in_channels = options.in_channels();
  layer.out_channels = options.out_channels();
  layer.kernel_size = list<D>(options.kernel_size());
  layer.stride = list<D>(options.stride());
  layer.dilation = list<D>(options.dilation());
  layer.padding_mode = padding_mode(options.padding_mode());
  layer.groups = options.groups();
  layer.bias = options.bias();
  layer.padding_before = Sides(D, 0);
  layer.padding_after = Sides(D, 0);
  return layer;
}

template <std::size_t D>
void set_padding(CompactLayer& layer,
                 const torch::nn::detail::conv_padding_t<D>& padding,
                 const Site& site) {
  if (const auto* given = std::get_if<torch::ExpandingArray<D>>(&padding)) {
    layer.padding_before = layer.padding_after = list<D>(*given);
  } else if (std::holds_alternative<torch::enumtype::kSame>(padding)) {
    for (std::size_t d = 0; d < D; ++d) {
      TORCH_CHECK(
          layer.stride[d] == 1,
          error_message(site, "kSame padding needs a stride of 1",
                        sizes(layer.stride), "give the padding in numbers"));
      const auto total = layer.dilation[d] * (layer.kernel_size[d] - 1);
      layer.padding_before[d] = total / 2;
      layer.padding_after[d] = total - total / 2;
    }
  }
}

template <std::size_t D, typename Options>
void set_transposed(CompactLayer& layer, const Options& options,
                    const torch::ExpandingArray<D>& padding, const Site& site) {
  TORCH_CHECK(layer.padding_mode == PaddingMode::kZeros,
              error_message(site, "a transposed convolution pads with zeros",
                            "another padding mode", "use torch::kZeros"));
  layer.transposed = true;
  layer.padding_before = layer.padding_after = list<D>(padding);
  layer.output_padding = list<D>(options.output_padding());
}

}  // namespace

template <std::size_t D>
CompactLayer describe(const torch::nn::ConvOptions<D>& options,
                      const Site& site) {
  auto layer = describe_shape<D>(options);
  set_padding<D>(layer, options.padding(), site);
  return layer;
}

template <std::size_t D>
CompactLayer describe(const torch::nn::ConvTransposeOptions<D>& options,
                      const Site& site) {
  auto layer = describe_shape<D>(options);
  set_transposed<D>(layer, options, options.padding(), site);
  return layer;
}

template <std::size_t D>
CompactLayer describe(const torch::nn::detail::ConvNdOptions<D>& options,
                      const Site& site) {
  auto layer = describe_shape<D>(options);
  if (options.transposed()) {
    set_transposed<D>(layer, options,
                      std::get<torch::ExpandingArray<D>>(options.padding()),
                      site);
  } else {
    set_padding<D>(layer, options.padding(), site);
  }
  return layer;
}

CompactLayer describe(const torch::nn::LinearOptions& options) {
  return linear_layer(options.in_features(), options.out_features(),
                      options.bias());
}

#define EXPANDNET_DESCRIBE(D)                                                \
  template CompactLayer describe(const torch::nn::ConvOptions<D>&,           \
                                 const Site&);                               \
  template CompactLayer describe(const torch::nn::ConvTransposeOptions<D>&,  \
                                 const Site&);                               \
  template CompactLayer describe(const torch::nn::detail::ConvNdOptions<D>&, \
                                 const Site&);
EXPANDNET_DESCRIBE(1)
EXPANDNET_DESCRIBE(2)
EXPANDNET_DESCRIBE(3)
#undef EXPANDNET_DESCRIBE

}  // namespace expandnet
