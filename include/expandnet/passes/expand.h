// expand.h: trains any LibTorch model as an ExpandNet, in weight space.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/passes/expansion.h>
#include <expandnet/passes/max_cost.h>
#include <expandnet/passes/selector.h>

namespace expandnet {

/// Makes a chain for every layer that `selector` selects and writes the fold of
/// each chain into the model, which overwrites the expanded weights.
///
/// With `InitialValues::kPreserving` the chains are factorized from the weights
/// instead, and the model computes what it did before (exactly for FC and CL at
/// rates >= 1). If a CK chain would reproduce a weight only to a relative
/// residual above 1e-6, the layer gets CL instead, with a note; another chain
/// with such a residual, which is narrower than its layer, is kept, with a
/// note. Layers that are frozen, or share their weight with another layer, stay
/// compact, with a note.
///
/// With kMatched each chain starts with the spread of its layer's own weight.
///
/// Throws `c10::Error` naming the layer, before anything changes: for options
/// that do not fit the layer, a model that is already expanded, and a model
/// with nothing to expand.
[[nodiscard]] EXPANDNET_API Expansion expand(torch::nn::Module& model,
                                             const Selector& selector);
[[nodiscard]] EXPANDNET_API Expansion
expand(torch::nn::Module& model, const ExpansionOptions& options = {});
/// The same with a bound on the cost of each chain. A layer whose chain would
/// cost more gets the largest rate of at least 1 within the bound; if there is
/// none, it stays compact. Both cases are noted. Also throws for a negative
/// bound, and for `passes` below 1.
[[nodiscard]] EXPANDNET_API Expansion expand(torch::nn::Module& model,
                                             const Selector& selector,
                                             const MaxCost& max_cost);

}  // namespace expandnet
