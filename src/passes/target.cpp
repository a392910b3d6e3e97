#include "passes/target.h"

#include <expandnet/nn/describe.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include "passes/walk.h"

namespace expandnet {

namespace {

template <typename Module>
bool describe_as(const torch::nn::Module& module, const Site& site,
                 std::optional<CompactLayer>& layer) {
  const auto* found = dynamic_cast<const Module*>(&module);
  if (found == nullptr) return false;
  if constexpr (std::is_same_v<Module, torch::nn::LinearImpl>) {
    layer = describe(found->options);
  } else {
    layer = describe(found->options, site);
  }
  return true;
}

}  // namespace

std::optional<CompactLayer> describe_module(const torch::nn::Module& module,
                                            const Site& site) {
  std::optional<CompactLayer> layer;
  static_cast<void>(
      describe_as<torch::nn::Conv2dImpl>(module, site, layer) ||
      describe_as<torch::nn::LinearImpl>(module, site, layer) ||
      describe_as<torch::nn::Conv1dImpl>(module, site, layer) ||
      describe_as<torch::nn::Conv3dImpl>(module, site, layer) ||
      describe_as<torch::nn::ConvTranspose2dImpl>(module, site, layer) ||
      describe_as<torch::nn::ConvTranspose1dImpl>(module, site, layer) ||
      describe_as<torch::nn::ConvTranspose3dImpl>(module, site, layer));
  return layer;
}

std::optional<Target> target_of(const std::string& path,
                                torch::nn::Module& module,
                                const std::string& caller) {
  auto layer = describe_module(module, {caller, path});
  if (!layer) return std::nullopt;
  const auto parameters = module.named_parameters(/*recurse=*/false);
  const auto* weight = parameters.find("weight");
  const auto* bias = parameters.find("bias");
  if (weight == nullptr) return std::nullopt;
  layer->bias = bias != nullptr;
  return Target{path,
                &module,
                std::move(*layer),
                {*weight, bias != nullptr ? *bias : at::Tensor()}};
}

std::vector<Target> find_targets(torch::nn::Module& model) {
  std::vector<Target> targets;
  walk(model, [&](const std::string& path, torch::nn::Module& module) {
    auto target = target_of(path, module, "expand");
    if (target) targets.push_back(std::move(*target));
  });
  return targets;
}

}  // namespace expandnet
