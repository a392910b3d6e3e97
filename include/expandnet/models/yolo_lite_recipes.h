// yolo_lite_recipes.h: how the paper expands YOLO-LITE, by name.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/fold/options.h>
#include <expandnet/passes/expand.h>

#include <string>
#include <vector>

namespace expandnet::models {

/// "none", "paper", "all", "orepa", "acb", "rep", "cl+skip".
[[nodiscard]] EXPANDNET_API const std::vector<std::string>& yolo_lite_recipes();

/// Returns the selector that expands a YoloLite as the recipe `name` says.
/// "paper" expands the five convolutions of the backbone by CL; "all" also
/// expands the sixth 3x3 convolution; the head stays compact. "orepa" and the
/// following recipes expand the same layers as "paper" by a sum of branches
/// (fold/branch.h). Everything else is as in `options`. "none" selects nothing,
/// which `expand` refuses: train that net as it is.
///
/// Throws `c10::Error` for an unknown name, and for options with a strategy or
/// widths, because the recipe sets those.
///
///     YoloLite net;
///     auto expansion = expand(*net, yolo_lite_recipe("paper"));
[[nodiscard]] EXPANDNET_API Selector
yolo_lite_recipe(const std::string& name, const ExpansionOptions& options = {});

}  // namespace expandnet::models
