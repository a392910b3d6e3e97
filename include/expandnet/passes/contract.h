// contract.h: an expanded model becomes its compact network.
//
// Contraction is the end of training. It happens in place: modules stay the
// objects they are, so typed members, containers and shared registrations keep
// working, but the factors are gone. An optimizer that holds them updates
// nothing any more, and a checkpoint of the chains loads only into a model that
// is still expanded. To look at the compact weights during training use
// `verify`, or ExpandedLayer::contracted().
#pragma once

#include <expandnet/passes/verify.h>
#include <torch/nn/module.h>

namespace expandnet {

/// Folds every chain of the model into its layer's `weight` and `bias`, in fp64
/// and cast once, after `verify` has passed for all of them. A layer found
/// twice is contracted once. State keys are then those of the compact net in
/// LibTorch and PyTorch. A model that is contracted already stays as it is, and
/// the report says so.
///
/// Throws `c10::Error` as `verify` does; the model is then bit for bit as it
/// was.
///
///     std::cout << expandnet::contract(*model);
///     torch::save(model, "compact.pt");
ContractionReport contract(torch::nn::Module& model,
                           const VerifyOptions& options = {});

}  // namespace expandnet
