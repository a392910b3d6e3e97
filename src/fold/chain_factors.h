// chain_factors.h: the factors of one chain, as a strategy has them.
#pragma once

#include <expandnet/fold/factor_shape.h>
#include <expandnet/fold/layer.h>
#include <expandnet/fold/options.h>

#include <cstdint>
#include <string>
#include <vector>

#include "fold/sides.h"

namespace expandnet {

/// The strategy that the options ask for, or else the paper's. Throws for a
/// chain that does not fit the layer.
Strategy choose_strategy(const CompactLayer& layer,
                         const ExpansionOptions& options, const Site& site);

/// Every side 1.
Sides ones(const CompactLayer& layer);

/// A factor of the layer's groups and stride 1.
FactorShape factor_of(const CompactLayer& layer, std::int64_t in,
                      std::int64_t out, const Sides& kernel);

/// The chain of a strategy that is one (`is_chain`), without biases.
std::vector<FactorShape> chain_of(const CompactLayer& layer, Strategy strategy,
                                  const ExpansionOptions& options,
                                  const Site& site);

/// "3 -> 12 -> 32 -> 8".
std::string widths_of(std::int64_t in_channels,
                      const std::vector<FactorShape>& chain);

}  // namespace expandnet
