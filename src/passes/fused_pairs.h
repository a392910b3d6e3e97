// fused_pairs.h: finds the BatchNorms that can be merged into layers.
#pragma once

#include <expandnet/fold/fold.h>
#include <expandnet/passes/fixed_batch_norm.h>
#include <torch/nn/module.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace expandnet {

/// A layer of a model, the BatchNorm that takes its output, and their places.
struct FusablePair {
  std::string layer_path, norm_path;
  torch::nn::Module* layer_module;
  torch::nn::Module* norm_module;
  CompactLayer layer;
  Affine affine;  ///< parameters of the layer
  FixedBatchNorm norm;
  /// Null unless both are in one Sequential.
  torch::nn::Module* sequential = nullptr;
  std::size_t norm_index = 0;  ///< in the Sequential
};

/// Returns the pairs in Sequentials, then the `named` pairs (layer, BatchNorm).
/// Throws as `fuse_batch_norms` says; changes nothing.
std::vector<FusablePair> fusable_pairs(
    torch::nn::Module& model,
    const std::vector<std::pair<std::string, std::string>>& named);

}  // namespace expandnet
