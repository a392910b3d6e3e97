// check.h: the check behind verify and contract.
#pragma once

#include <expandnet/fold/fold.h>
#include <expandnet/nn/expanded_layer.h>
#include <expandnet/passes/report.h>
#include <expandnet/passes/verify_options.h>

#include <functional>
#include <string>
#include <vector>

#include "passes/chained_layer.h"

namespace expandnet {

/// Throws, in the name of `site`, for a nonlinear twin and for factors that
/// were resized or are not finite.
void check_contractible(const ChainImpl& chain, const Site& site);

/// Runs the chain and its fold over a probe input in fp64, and `compact` in its
/// own dtype; throws if the error in fp64 is above the tolerance.
LayerReport check_chain(const Plan& plan, const std::vector<Affine>& factors,
                        const Affine& compact, const VerifyOptions& options,
                        const Site& site);

/// The fold of the factors, in fp64 on the CPU.
Affine exact_fold(const Plan& plan, const std::vector<Affine>& factors);

/// Whether weight and bias, where there is one, are finite.
bool is_finite(const Affine& affine);

/// Throws for factors that are not finite.
void check_finite(const std::vector<Affine>& factors, const Site& site);

/// Throws for a compact layer that leaves the range of its dtype, above or
/// below: finite factors may have a fold that Half cannot hold. `exact` gives
/// it in fp64, and is called where numbers are small. `what` is the layer in
/// the message: "a contracted layer".
void check_in_range(const Affine& compact, const std::function<Affine()>& exact,
                    const Site& site, const std::string& what,
                    const std::string& remedy);

/// An expanded layer of a model, which still has its chain.
ChainedLayer chained_layer(const std::string& path, const ExpandedLayer& layer);

struct CheckedModel {
  ContractionReport report;
  std::vector<ExpandedLayer*> layers;  ///< those still expanded
  std::vector<Affine> contracted;      ///< each one's compact layer
};

/// Checks every expanded layer of the model; throws as `verify` says, in the
/// name of `caller`. Changes nothing.
CheckedModel check_all(torch::nn::Module& model, const VerifyOptions& options,
                       const std::string& caller);

}  // namespace expandnet
