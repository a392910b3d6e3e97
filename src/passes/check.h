// check.h: the check behind verify and contract.
#pragma once

#include <expandnet/fold/fold.h>
#include <expandnet/nn/expanded_layer.h>
#include <expandnet/passes/verify.h>

#include <string>
#include <vector>

namespace expandnet {

/// Throws, in the name of `site`, for a nonlinear twin and for factors that
/// were resized or are not finite.
void check_contractible(const ChainImpl& chain, const Site& site);

/// Runs the chain and its fold over a probe input in fp64, and `compact` in its
/// own dtype; throws if the error in fp64 is above the tolerance.
LayerReport check_chain(const ChainImpl& chain, const Affine& compact,
                        const VerifyOptions& options, const Site& site);
/// The same of factors that are in no module.
LayerReport check_chain(const Plan& plan, const std::vector<Affine>& factors,
                        const Affine& compact, const VerifyOptions& options,
                        const Site& site);

/// Throws for factors that are not finite.
void check_finite(const std::vector<Affine>& factors, const Site& site);

struct CheckedLayer {
  ExpandedLayer* layer;
  Affine compact;  ///< contiguous, in the layer's dtype, on its device
};

struct CheckedModel {
  ContractionReport report;
  std::vector<CheckedLayer> layers;  ///< those still expanded
};

/// Checks every expanded layer of the model; throws as `verify` says, in the
/// name of `caller`. Changes nothing.
CheckedModel check_all(torch::nn::Module& model, const VerifyOptions& options,
                       const std::string& caller);

/// max |actual - expected| / max |expected|, in fp64; 0 for 0 / 0. Not a
/// number if one of them holds one.
double relative_error(const at::Tensor& actual, const at::Tensor& expected);

}  // namespace expandnet
