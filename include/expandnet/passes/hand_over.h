// hand_over.h: initializes a model from a trained model with the same keys.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/passes/expand.h>
#include <torch/nn/module.h>

namespace expandnet {

/// Copies all parameters and buffers of `twin` into `model` (paper, +Init: the
/// nonlinear twin trains first, then the linear chains start from its factors).
/// Values are copied into the existing tensors, so optimizers of `model` stay
/// valid; dtype and device may differ. Narrowed chains
/// (`ExpansionOptions::narrow`) take the twin's wide factors and narrow them.
///
/// Throws `c10::Error`, before the first copy, if a key is missing on either
/// side or a shape differs.
EXPANDNET_API void hand_over(const torch::nn::Module& twin,
                             torch::nn::Module& model);

/// The same for a model that trains in weight space: copies the twin's factors
/// to the expansion and everything else to its model, then folds the chains.
EXPANDNET_API void hand_over(const torch::nn::Module& twin,
                             Expansion& expansion);

}  // namespace expandnet
