// presets.h: the branches that a strategy stands for.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/fold/layer.h>
#include <expandnet/fold/options.h>

#include <vector>

namespace expandnet {

/// Whether the strategy is one chain: FC, CL or CK.
EXPANDNET_API bool is_chain(Strategy strategy);

/// The branches of a strategy that is a sum, for this layer; of kBranches,
/// those of the options. Throws for a layer that the strategy does not fit.
EXPANDNET_API std::vector<Branch> branches_of(const CompactLayer& layer,
                                              Strategy strategy,
                                              const ExpansionOptions& options,
                                              const Site& site);

/// The options with CL in place of CK, in every branch that has it, and widths
/// from the rate.
EXPANDNET_API ExpansionOptions with_cl_for_ck(const CompactLayer& layer,
                                              ExpansionOptions options,
                                              const Site& site);

/// Whether the strategy fits the layer, as `plan` demands.
EXPANDNET_API bool fits(Strategy strategy, const CompactLayer& layer);

}  // namespace expandnet
