// max_cost.h: a selector that keeps to a bound.
#pragma once

#include <expandnet/passes/max_cost.h>
#include <expandnet/passes/selector.h>

#include <string>
#include <vector>

#include "passes/layer_work.h"

namespace expandnet {

/// Asks `selector`, and lowers the rate of what would cost more than the bound,
/// or leaves it compact, with a note. `work` is that of one pass; layers that
/// did not run have no bound. `notes` must outlive the selector.
Selector within(const MaxCost& max_cost, torch::nn::Module& model,
                Selector selector, const LayerWork& work,
                std::vector<std::string>& notes);

}  // namespace expandnet
