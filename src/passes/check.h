// check.h: the check behind verify and contract.
#pragma once

#include <expandnet/base/export.h>
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
EXPANDNET_API void check_contractible(const ChainImpl& chain, const Site& site);

/// Compares the chain with its fold on a probe input in fp64, and with
/// `compact` in its own dtype. Throws if the error in fp64 is above the
/// tolerance.
EXPANDNET_API LayerReport check_chain(const Plan& plan,
                                      const std::vector<Affine>& factors,
                                      const Affine& compact,
                                      const VerifyOptions& options,
                                      const Site& site);

/// The fold of the factors, in fp64 on the CPU.
EXPANDNET_API Affine exact_fold(const Plan& plan,
                                const std::vector<Affine>& factors);

/// Whether weight and bias, where there is one, are finite.
EXPANDNET_API bool is_finite(const Affine& affine);

/// Throws for factors that are not finite.
EXPANDNET_API void check_finite(const std::vector<Affine>& factors,
                                const Site& site);

/// Throws if the compact layer overflows or underflows its dtype: finite
/// factors may have a fold that Half cannot represent. `exact` returns the
/// layer in fp64; it is called only if there are small numbers. `what`
/// describes the layer in the message: "a contracted layer".
EXPANDNET_API void check_in_range(const Affine& compact,
                                  const std::function<Affine()>& exact,
                                  const Site& site, const std::string& what,
                                  const std::string& remedy);

/// Describes an expanded layer of a model, which must still have its chain.
EXPANDNET_API ChainedLayer chained_layer(const std::string& path,
                                         const ExpandedLayer& layer);

struct CheckedModel {
  ContractionReport report;
  std::vector<ExpandedLayer*> layers;  ///< those that are still expanded
  std::vector<Affine> contracted;      ///< the compact layer of each
};

/// Checks every expanded layer of the model; throws as `verify` says, in the
/// name of `caller`. Changes nothing.
EXPANDNET_API CheckedModel check_all(torch::nn::Module& model,
                                     const VerifyOptions& options,
                                     const std::string& caller);

}  // namespace expandnet
