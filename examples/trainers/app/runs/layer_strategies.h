// layer_strategies.h: layers whose strategy --strategy sets instead of the
// recipe.
#pragma once

#include <expandnet/passes/selector.h>

#include <functional>
#include <optional>
#include <string>

#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// Returns what is wrong with PATTERN=STRATEGY, the format of --strategy; "" if
/// it is valid.
[[nodiscard]] std::string complaint_about_strategy(const std::string& text);

/// Returns the sum of branches that a recipe expands convolutions by: "orepa"
/// and "orepa+fc" both name OREPA. Absent for recipes of single chains.
[[nodiscard]] std::optional<Strategy> sum_of_recipe(const std::string& recipe);

/// Returns rate, initial values and narrowing according to `settings`.
[[nodiscard]] ExpansionOptions expansion_options(const Settings& settings);

/// Returns whether --strategy names the layer at a path or a module around it.
[[nodiscard]] std::function<bool(const std::string& path)> named_by_strategies(
    const Settings& settings);

/// Returns a selector that expands the layers named by --strategy accordingly;
/// if several patterns match, the last one counts. Other layers are expanded by
/// `usual`. Throws `c10::Error` for a pattern that matches no layer of the net.
[[nodiscard]] Selector with_strategies(const torch::nn::Module& net,
                                       Selector usual,
                                       const Settings& settings);

}  // namespace expandnet::examples
