#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>
#include <expandnet/models/yolo_lite_recipes.h>
#include <torch/nn/modules/conv.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "models/branch_recipes.h"

namespace expandnet::models {

namespace {

/// The paths that a recipe expands: the first `count` of these.
constexpr const char* kYoloPaths[] = {"conv1", "conv2", "conv3",
                                      "conv4", "conv5", "conv6"};

std::size_t expanded_in_yolo_lite(const std::string& recipe) {
  if (recipe == "paper" || branch_recipe(recipe)) return 5;
  return recipe == "all" ? 6 : 0;
}

}  // namespace

const std::vector<std::string>& yolo_lite_recipes() {
  static const auto names = with_branch_recipes({"none", "paper", "all"});
  return names;
}

Selector yolo_lite_recipe(const std::string& name,
                          const ExpansionOptions& options) {
  const auto& known = yolo_lite_recipes();
  TORCH_CHECK(
      std::find(known.begin(), known.end(), name) != known.end(),
      error_message("yolo_lite_recipe",
                    c10::str("name must be one of ", c10::Join(", ", known)),
                    c10::str("\"", name, "\"")));
  TORCH_CHECK(!options.strategy().has_value() && options.widths().empty(),
              error_message("yolo_lite_recipe",
                            c10::str("strategy and widths must be left to \"",
                                     name, "\""),
                            "some", "give a rate, or write a selector"));
  auto chosen = options;
  chosen.strategy(branch_recipe(name).value_or(Strategy::kCL));
  return
      [chosen, count = expanded_in_yolo_lite(name)](
          const std::string& path,
          const torch::nn::Module& layer) -> std::optional<ExpansionOptions> {
        const auto* end = kYoloPaths + count;
        if (layer.as<torch::nn::Conv2dImpl>() == nullptr ||
            std::find(kYoloPaths, end, path) == end) {
          return std::nullopt;
        }
        return chosen;
      };
}

}  // namespace expandnet::models
