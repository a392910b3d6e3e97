// contract.h: turns an expanded model into its compact network.
//
// Contraction is the end of training. It happens in place: modules stay the
// same objects, so typed members, containers and shared registrations keep
// working, but the factors no longer exist. An optimizer that holds them has no
// effect any more, and a checkpoint of the chains loads only into a model that
// is still expanded. To see the compact weights during training, use `verify`
// or ExpandedLayer::contracted().
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/passes/verify.h>
#include <torch/nn/module.h>

namespace expandnet {

/// Folds every chain of the model into its layer's `weight` and `bias`, in fp64
/// and cast once, after `verify` has passed for all chains. A layer that is
/// found twice is contracted once. Afterwards the state keys are those of the
/// compact net in LibTorch and PyTorch. Layers that are already contracted are
/// unchanged; the report counts them.
///
/// Throws `c10::Error` as `verify` does; then the model is unchanged, bit for
/// bit.
///
///     std::cout << expandnet::contract(*model);
///     torch::save(model, "compact.pt");
EXPANDNET_API ContractionReport contract(torch::nn::Module& model,
                                         const VerifyOptions& options = {});

}  // namespace expandnet
