// small_net_recipes.h: how the paper expands SmallNet, by name.
//
// A network knows nothing of its expansion. A recipe is a selector, for
// `expand` or for code that builds the same network of expanded modules.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/fold/options.h>
#include <expandnet/passes/expand.h>

#include <string>
#include <vector>

namespace expandnet::models {

/// Output channels of the first factor in a layer with three input channels.
enum class InputWidth {
  kKept,     ///< three again, as in the official CIFAR code: 3 -> 3 -> 32 -> 8
  kWidened,  ///< `rate` times as many, as in other layers: 3 -> 12 -> 32 -> 8
};

/// "none", "fc", "cl", "cl+fc", "ck", "ck+fc": the rows of the paper's tables.
/// Then "orepa", "orepa+fc", "acb" ... "ck+rep+fc": sums of branches for the
/// convolutions (`branch_strategies`).
[[nodiscard]] EXPANDNET_API const std::vector<std::string>& small_net_recipes();

/// Returns the selector that expands a SmallNet as the recipe `name` says
/// (paper, Sec. 4.1): the three convolutions by CL, CK or branches, the hidden
/// linear layer by FC, the logits never. Everything else, above all the rate,
/// is as in `options`. "none" selects nothing, which `expand` refuses: train
/// that net as it is.
///
/// Throws `c10::Error` for an unknown name, and for options with a strategy or
/// widths, because the recipe sets those.
///
///     SmallNet net;
///     auto expansion = expand(*net, small_net_recipe("ck+fc"));
[[nodiscard]] EXPANDNET_API Selector
small_net_recipe(const std::string& name, const ExpansionOptions& options = {},
                 InputWidth input_width = InputWidth::kKept);

}  // namespace expandnet::models
