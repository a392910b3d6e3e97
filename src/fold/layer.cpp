#include <c10/util/Exception.h>
#include <expandnet/fold/layer.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "fold/site_message.h"

namespace expandnet {

namespace {

void check_list(const CompactLayer& layer, const Site& site, const char* what,
                const std::vector<std::int64_t>& list, std::int64_t least) {
  TORCH_CHECK(list.size() == layer.kernel_size.size(),
              error_message(site,
                            std::string(what) +
                                " needs one entry per spatial dimension (" +
                                std::to_string(layer.kernel_size.size()) + ")",
                            sizes(list)));
  TORCH_CHECK(
      std::all_of(list.begin(), list.end(),
                  [least](std::int64_t entry) { return entry >= least; }),
      error_message(site,
                    std::string(what) + (least > 0 ? " must be positive"
                                                   : " must not be negative"),
                    sizes(list)));
}

}  // namespace

const char* name(PaddingMode mode) {
  switch (mode) {
    case PaddingMode::kZeros:
      return "constant";
    case PaddingMode::kReflect:
      return "reflect";
    case PaddingMode::kReplicate:
      return "replicate";
    case PaddingMode::kCircular:
      return "circular";
  }
  TORCH_INTERNAL_ASSERT(false, "unknown padding mode");
}

std::vector<std::int64_t> CompactLayer::weight_sizes() const {
  std::vector<std::int64_t> shape = {out_channels, in_channels / groups};
  if (transposed) shape = {in_channels, out_channels / groups};
  shape.insert(shape.end(), kernel_size.begin(), kernel_size.end());
  return shape;
}

std::int64_t CompactLayer::parameter_count() const {
  const auto shape = weight_sizes();
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1},
                         std::multiplies<>()) +
         (bias ? out_channels : 0);
}

CompactLayer linear_layer(std::int64_t in_features, std::int64_t out_features,
                          bool bias) {
  CompactLayer layer;
  layer.in_channels = in_features;
  layer.out_channels = out_features;
  layer.bias = bias;
  return layer;
}

void check_layer(const CompactLayer& layer, const Site& site) {
  TORCH_CHECK(layer.in_channels > 0 && layer.out_channels > 0,
              error_message(site, "channels must be positive",
                            std::to_string(layer.in_channels) + " -> " +
                                std::to_string(layer.out_channels)));
  TORCH_CHECK(layer.groups > 0, error_message(site, "groups must be positive",
                                              std::to_string(layer.groups)));
  TORCH_CHECK(layer.in_channels % layer.groups == 0 &&
                  layer.out_channels % layer.groups == 0,
              error_message(site, "channels must be divisible by groups",
                            std::to_string(layer.in_channels) + " -> " +
                                std::to_string(layer.out_channels) + " with " +
                                std::to_string(layer.groups) + " groups",
                            "choose groups that divide both"));
  TORCH_CHECK(layer.spatial_dims() <= 3,
              error_message(site, "a layer has at most 3 spatial dimensions",
                            std::to_string(layer.spatial_dims())));
  check_list(layer, site, "kernel_size", layer.kernel_size, 1);
  check_list(layer, site, "stride", layer.stride, 1);
  check_list(layer, site, "dilation", layer.dilation, 1);
  check_list(layer, site, "padding", layer.padding_before, 0);
  check_list(layer, site, "padding", layer.padding_after, 0);
  if (!layer.transposed) return;
  check_list(layer, site, "output_padding", layer.output_padding, 0);
}

}  // namespace expandnet
