// target.h: finds the layers of a plain model that can be expanded.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/fold/fold.h>
#include <torch/nn/module.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace expandnet {

/// A Conv1d-3d, ConvTranspose1d-3d or Linear of a model.
struct Target {
  std::string path;
  torch::nn::Module* module;
  CompactLayer layer;
  Affine parameters;  ///< the registered ones
};

/// Describes the layer; empty for modules that cannot be expanded.
EXPANDNET_API std::optional<CompactLayer> describe_module(
    const torch::nn::Module& module, const Site& site);

/// Makes a target of a module, in the name of `caller`; empty for modules that
/// cannot be expanded.
EXPANDNET_API std::optional<Target> target_of(const std::string& path,
                                              torch::nn::Module& module,
                                              const std::string& caller);

/// Returns every layer of the model that can be expanded; each module once.
EXPANDNET_API std::vector<Target> find_targets(torch::nn::Module& model);

}  // namespace expandnet
