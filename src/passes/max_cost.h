// max_cost.h: expansions within a bound.
#pragma once

#include <expandnet/fold/options.h>
#include <expandnet/passes/max_cost.h>
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

/// Lowers the rate of what would cost more than the bound, or leaves it
/// compact, with a note. `work` is that of one pass; layers that did not run
/// have no bound. `notes` must outlive it.
CostLimit cost_limit(const MaxCost& max_cost, torch::nn::Module& model,
                     const LayerWork& work, std::vector<std::string>& notes);

}  // namespace expandnet
