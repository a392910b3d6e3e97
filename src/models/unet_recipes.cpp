#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>
#include <expandnet/models/unet_recipes.h>
#include <torch/nn/modules/conv.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "models/branch_recipes.h"

namespace expandnet::models {

namespace {

bool is_below(const std::string& path, const std::string& module) {
  return path.compare(0, module.size(), module) == 0;
}

bool is_in_unet_recipe(const std::string& recipe, const std::string& path,
                       const torch::nn::Module& layer) {
  if (recipe == "none") return false;
  const bool contracts = is_below(path, "encoder") || is_below(path, "middle.");
  if (layer.as<torch::nn::ConvTranspose2dImpl>() != nullptr) {
    return recipe == "all" && is_below(path, "up");
  }
  return layer.as<torch::nn::Conv2dImpl>() != nullptr &&
         (contracts || (recipe == "all" && is_below(path, "decoder")));
}

}  // namespace

const std::vector<std::string>& unet_recipes() {
  static const auto names = with_branch_recipes({"none", "paper", "all"});
  return names;
}

Selector unet_recipe(const std::string& name, const ExpansionOptions& options) {
  const auto& known = unet_recipes();
  TORCH_CHECK(
      std::find(known.begin(), known.end(), name) != known.end(),
      error_message("unet_recipe",
                    c10::str("name must be one of ", c10::Join(", ", known)),
                    c10::str("\"", name, "\"")));
  TORCH_CHECK(!options.strategy().has_value() && options.widths().empty(),
              error_message("unet_recipe",
                            c10::str("strategy and widths must be left to \"",
                                     name, "\""),
                            "some", "give a rate, or write a selector"));
  auto chosen = options;
  chosen.strategy(branch_recipe(name).value_or(Strategy::kCL));
  return [chosen, name](const std::string& path, const torch::nn::Module& layer)
             -> std::optional<ExpansionOptions> {
    if (!is_in_unet_recipe(name, path, layer)) return std::nullopt;
    return chosen;
  };
}

}  // namespace expandnet::models
