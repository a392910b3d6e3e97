// expand.h: train any LibTorch model as an ExpandNet, in weight space.
#pragma once

#include <expandnet/passes/expansion.h>
#include <expandnet/passes/max_cost.h>
#include <expandnet/passes/selector.h>

namespace expandnet {

/// Puts a chain beside every layer that `selector` names and folds them into
/// the model, whose expanded weights are overwritten; with
/// `InitialValues::kPreserving` the chains are factorized from them instead,
/// and the model computes what it did before (exactly for FC and CL at rates >=
/// 1). A CK chain that would keep a weight only to a relative residual above
/// 1e-6 is planned as CL instead, with a note; a narrow chain that does is
/// noted. Layers that are frozen, or share their weight with another, are left
/// compact with a note.
///
/// Throws `c10::Error` naming the layer, before anything changes: for options
/// that do not fit it, a model expanded already, and a model with nothing to
/// expand.
[[nodiscard]] Expansion expand(torch::nn::Module& model,
                               const Selector& selector);
[[nodiscard]] Expansion expand(torch::nn::Module& model,
                               const ExpansionOptions& options = {});
/// The same within a bound on the cost of each chain: a layer whose chain would
/// cost more gets the largest rate of at least 1 that does not, or is left
/// compact, with a note. Throws also for a bound that is negative,
/// and for no passes.
[[nodiscard]] Expansion expand(torch::nn::Module& model,
                               const Selector& selector,
                               const MaxCost& max_cost);

}  // namespace expandnet
