// check.h: the check behind verify and contract.
#pragma once

#include <expandnet/fold/fold.h>
#include <expandnet/nn/expanded_layer.h>
#include <expandnet/passes/verify.h>

#include <string>
#include <vector>

namespace expandnet {

struct CheckedLayer {
  ExpandedLayer* layer;
  Affine compact;  ///< contiguous, in the layer's dtype, on its device
};

struct CheckedModel {
  ContractionReport report;
  std::vector<CheckedLayer> layers;  ///< those still expanded
};

/// Checks every chain of the model; throws as `verify` says, in the name of
/// `caller`. Changes nothing.
CheckedModel check_all(torch::nn::Module& model, const VerifyOptions& options,
                       const std::string& caller);

/// max |actual - expected| / max |expected|, in fp64; 0 for 0 / 0. Not a
/// number if one of them holds one.
double relative_error(const at::Tensor& actual, const at::Tensor& expected);

}  // namespace expandnet
