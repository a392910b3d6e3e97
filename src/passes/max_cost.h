// max_cost.h: limits expansions to a bound on their cost.
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

/// Returns how a layer may be expanded if `options` were chosen for it; an
/// empty optional leaves it compact.
using CostLimit = std::function<std::optional<ExpansionOptions>(
    const std::string& path, const ExpansionOptions& options)>;

/// Returns a limit that lowers the rate of a chain that would cost more than
/// the bound, or leaves its layer compact, and adds a note. `work` is that of
/// one pass; layers that did not run have no bound. `notes` must outlive the
/// result.
CostLimit cost_limit(const MaxCost& max_cost, torch::nn::Module& model,
                     const LayerWork& work, std::vector<std::string>& notes);

}  // namespace expandnet
