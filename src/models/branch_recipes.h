// branch_recipes.h: recipes that expand 3x3 kernels by a sum of branches.
#pragma once

#include <expandnet/fold/options.h>

#include <optional>
#include <string>
#include <vector>

namespace expandnet::models {

/// Returns `names`, followed by the names of the sums of branches that fit a
/// 3x3 kernel: "orepa", "acb", "rep", "cl+skip".
std::vector<std::string> with_branch_recipes(std::vector<std::string> names);

/// Returns the strategy of that name; empty for other recipes.
std::optional<Strategy> branch_recipe(const std::string& name);

}  // namespace expandnet::models
