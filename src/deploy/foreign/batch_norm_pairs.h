// batch_norm_pairs.h: layers of a file and the BatchNorm behind them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "deploy/foreign/keys.h"

namespace expandnet {

struct BatchNormPair {
  std::string layer;  ///< path of a convolution or a linear layer
  std::string norm;   ///< path of a BatchNorm
};

/// The pairs that names tell: `conv`, `bn`; `conv1`, `norm1`; `a_conv`, `a_bn`;
/// entries `0` and `1` of a Sequential. Those with a tensor of `taken` are left
/// out. Sorted by the layer.
std::vector<BatchNormPair> batch_norm_pairs(const Keys& keys,
                                            const std::set<std::string>& taken);

/// Throws `c10::Error`, in the name of `caller`, if the BatchNorm of a pair has
/// other channels than its layer, as where names do not follow the order of
/// layers, or if a layer has two.
void check_pairs(const Keys& keys, const std::vector<BatchNormPair>& pairs,
                 const std::string& caller);

}  // namespace expandnet
