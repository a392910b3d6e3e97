// max_cost.h: a selector that keeps to a bound.
#pragma once

#include <expandnet/passes/max_cost.h>
#include <expandnet/passes/selector.h>

#include <string>
#include <vector>

#include "passes/layer_work.h"

namespace expandnet {

/// Asks `selector`, and lowers the rate of what would cost more than `share` of
/// the layer's own work, or leaves it compact, with a note. Layers that did not
/// run have no bound. `notes` must outlive the selector.
Selector within(double share, torch::nn::Module& model, Selector selector,
                LayerWork work, std::vector<std::string>& notes);

}  // namespace expandnet
