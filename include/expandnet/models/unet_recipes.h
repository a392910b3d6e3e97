// unet_recipes.h: how the paper expands U-Net, by name.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/fold/options.h>
#include <expandnet/passes/expand.h>

#include <string>
#include <vector>

namespace expandnet::models {

/// "none", "paper", "all", "orepa", "acb", "rep", "cl+skip".
[[nodiscard]] EXPANDNET_API const std::vector<std::string>& unet_recipes();

/// Returns the selector that expands a UNet as the recipe `name` says. "paper"
/// expands the 3x3 convolutions of the contracting path and of the middle by
/// CL: 82,966,531 parameters at width 32 and rate 4. "all" also expands the 3x3
/// convolutions of the expanding path and the transposed convolutions; 1x1
/// convolutions stay compact. "orepa" and the following recipes expand the same
/// layers as "paper" by a sum of branches (fold/branch.h). Everything else is
/// as in `options`. "none" selects nothing, which `expand` refuses: train that
/// net as it is.
///
/// Throws `c10::Error` for an unknown name, and for options with a strategy or
/// widths, because the recipe sets those.
///
///     UNet net;
///     auto expansion = expand(*net, unet_recipe("paper"));
[[nodiscard]] EXPANDNET_API Selector
unet_recipe(const std::string& name, const ExpansionOptions& options = {});

}  // namespace expandnet::models
