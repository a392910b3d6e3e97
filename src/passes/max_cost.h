// max_cost.h: expansions within a bound.
#pragma once

#include <expandnet/fold/options.h>
#include <torch/nn/module.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "passes/layer_work.h"

namespace expandnet {

/// How a layer may be expanded that is meant to be expanded by `options`;
/// nothing: it stays compact.
using CostLimit = std::function<std::optional<ExpansionOptions>(
    const std::string& path, const ExpansionOptions& options)>;

/// Lowers the rate of what would cost more than `share` of the layer's own
/// work, or leaves it compact, with a note. Layers that did not run have no
/// bound. `notes` must outlive it.
CostLimit cost_limit(double share, torch::nn::Module& model,
                     const LayerWork& work, std::vector<std::string>& notes);

}  // namespace expandnet
