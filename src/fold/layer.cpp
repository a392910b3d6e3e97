#include <c10/util/Exception.h>
#include <expandnet/fold/layer.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "fold/complaint.h"

namespace expandnet {

namespace {

std::string join(c10::IntArrayRef values, const char* separator) {
  std::string joined;
  for (const auto value : values) {
    if (!joined.empty()) joined += separator;
    joined += std::to_string(value);
  }
  return joined;
}

void check_list(const CompactLayer& layer, const Site& site, const char* what,
                const std::vector<std::int64_t>& list, std::int64_t least) {
  TORCH_CHECK(
      list.size() == layer.kernel_size.size(),
      complaint(site,
                std::string(what) + " needs one entry per spatial dimension (" +
                    std::to_string(layer.kernel_size.size()) + ")",
                sizes(list)));
  TORCH_CHECK(
      std::all_of(list.begin(), list.end(),
                  [least](std::int64_t entry) { return entry >= least; }),
      complaint(site,
                std::string(what) +
                    (least > 0 ? " must be positive" : " must not be negative"),
                sizes(list)));
}

}  // namespace

std::string complaint(const Site& site, const std::string& rule,
                      const std::string& got, const std::string& remedy) {
  auto sentence = site.caller + ": " + rule + ", got " + got;
  if (!site.path.empty()) sentence += " at \"" + site.path + "\"";
  if (!remedy.empty()) sentence += "; " + remedy;
  return sentence;
}

std::string sides(c10::IntArrayRef kernel) {
  return kernel.empty() ? "1" : join(kernel, "x");
}

std::string sizes(c10::IntArrayRef shape) {
  return "[" + join(shape, ", ") + "]";
}

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
              complaint(site, "channels must be positive",
                        std::to_string(layer.in_channels) + " -> " +
                            std::to_string(layer.out_channels)));
  TORCH_CHECK(layer.groups > 0, complaint(site, "groups must be positive",
                                          std::to_string(layer.groups)));
  TORCH_CHECK(layer.in_channels % layer.groups == 0 &&
                  layer.out_channels % layer.groups == 0,
              complaint(site, "channels must be divisible by groups",
                        std::to_string(layer.in_channels) + " -> " +
                            std::to_string(layer.out_channels) + " with " +
                            std::to_string(layer.groups) + " groups",
                        "choose groups that divide both"));
  TORCH_CHECK(layer.spatial_dims() <= 3,
              complaint(site, "a layer has at most 3 spatial dimensions",
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
