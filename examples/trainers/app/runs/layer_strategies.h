// layer_strategies.h: layers that are expanded otherwise than the recipe says.
#pragma once

#include <expandnet/passes/selector.h>

#include <functional>
#include <string>

#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// What is wrong with PATTERN=STRATEGY, as --strategy takes it; "" for nothing.
[[nodiscard]] std::string complaint_about_strategy(const std::string& text);

/// Rate, initial values and whether chains are narrowed, as `settings` say.
[[nodiscard]] ExpansionOptions expansion_options(const Settings& settings);

/// Whether --strategy names a layer of this path, or a module around it.
[[nodiscard]] std::function<bool(const std::string& path)> named_by_strategies(
    const Settings& settings);

/// Expands the layers that --strategy names as it says, the last pattern of
/// several; the others as `usual`. Throws `c10::Error` for a pattern that names
/// no layer of the net.
[[nodiscard]] Selector with_strategies(const torch::nn::Module& net,
                                       Selector usual,
                                       const Settings& settings);

}  // namespace expandnet::examples
