// verify.h: does every chain compute what its compact layer will?
#pragma once

#include <expandnet/passes/report.h>
#include <expandnet/passes/verify_options.h>
#include <torch/nn/module.h>

namespace expandnet {

/// Runs every chain of the model and its compact layer over a random probe
/// input in fp64, large enough for all borders and stride phases, and compares.
/// The model, and the global random state, stay as they are.
///
/// Throws `c10::Error` with the layer's path: for a model without an expanded
/// layer, a nonlinear twin, factors that are not finite or were resized, and
/// where the error exceeds the tolerance.
///
///     std::cout << expandnet::verify(*model);
ContractionReport verify(torch::nn::Module& model,
                         const VerifyOptions& options = {});

}  // namespace expandnet
