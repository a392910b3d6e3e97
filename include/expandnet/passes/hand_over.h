// hand_over.h: a trained model's state initializes another of the same keys.
#pragma once

#include <expandnet/passes/expand.h>
#include <torch/nn/module.h>

namespace expandnet {

/// Copies all parameters and buffers of `twin` into `model` (paper, +Init: the
/// nonlinear twin is trained first, then the linear chains start from its
/// factors). Values are copied into the existing tensors, so optimizers of
/// `model` stay valid; dtype and device may differ. Narrowed chains
/// (`ExpansionOptions::narrow`) take the twin's wide factors and narrow them.
///
/// Throws `c10::Error` before the first copy when a key is missing on either
/// side or a shape differs.
void hand_over(const torch::nn::Module& twin, torch::nn::Module& model);

/// The same into a model that trains in weight space: the twin's factors go to
/// the expansion, all else to its model, and the chains are folded.
void hand_over(const torch::nn::Module& twin, Expansion& expansion);

}  // namespace expandnet
