// verify.h: checks that every chain computes the same as its compact layer.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/passes/report.h>
#include <expandnet/passes/verify_options.h>
#include <torch/nn/module.h>

namespace expandnet {

/// Compares every chain of the model with its compact layer on a random probe
/// input in fp64, which is large enough to cover all borders and stride phases.
/// The model and the global random state do not change.
///
/// Throws `c10::Error` with the layer's path: for a model without an expanded
/// layer, for a nonlinear twin, for factors that are not finite or were
/// resized, and if the error exceeds the tolerance.
///
///     std::cout << expandnet::verify(*model);
EXPANDNET_API ContractionReport verify(torch::nn::Module& model,
                                       const VerifyOptions& options = {});

}  // namespace expandnet
