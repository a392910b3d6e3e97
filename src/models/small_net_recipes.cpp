#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>
#include <expandnet/fold/plan.h>
#include <expandnet/models/small_net_recipes.h>
#include <expandnet/nn/describe.h>
#include <torch/nn/modules/conv.h>

#include <algorithm>
#include <optional>

#include "base/error.h"

namespace expandnet::models {

namespace {

struct Recipe {
  std::string name;
  std::optional<Strategy> convolutions;
  bool hidden_linear = false;
};

const std::vector<Recipe>& recipes() {
  static const std::vector<Recipe> all = {
      {"none", std::nullopt, false}, {"fc", std::nullopt, true},
      {"cl", Strategy::kCL, false},  {"cl+fc", Strategy::kCL, true},
      {"ck", Strategy::kCK, false},  {"ck+fc", Strategy::kCK, true},
  };
  return all;
}

/// The widths that `options` give `layer`, but the first is its input's.
std::vector<std::int64_t> widths_keeping_input(const CompactLayer& layer,
                                               const ExpansionOptions& options,
                                               const std::string& path) {
  const auto chain = plan(layer, options, {"expand", path});
  std::vector<std::int64_t> widths = {layer.in_channels};
  for (std::size_t i = 1; i + 1 < chain.factors.size(); ++i) {
    widths.push_back(chain.factors[i].out_channels);
  }
  return widths;
}

}  // namespace

const std::vector<std::string>& small_net_recipes() {
  static const auto names = [] {
    std::vector<std::string> result;
    for (const auto& recipe : recipes()) result.push_back(recipe.name);
    return result;
  }();
  return names;
}

Selector small_net_recipe(const std::string& name,
                          const ExpansionOptions& options,
                          InputWidth input_width) {
  const auto recipe =
      std::find_if(recipes().begin(), recipes().end(),
                   [&](const Recipe& known) { return known.name == name; });
  TORCH_CHECK(recipe != recipes().end(),
              error_message("small_net_recipe",
                            c10::str("name must be one of ",
                                     c10::Join(", ", small_net_recipes())),
                            c10::str("\"", name, "\"")));
  TORCH_CHECK(!options.strategy().has_value() && options.widths().empty(),
              error_message("small_net_recipe",
                            c10::str("strategy and widths must be left to \"",
                                     name, "\""),
                            "some", "give a rate, or write a selector"));

  return
      [=, recipe = *recipe](
          const std::string& path,
          const torch::nn::Module& layer) -> std::optional<ExpansionOptions> {
        auto chosen = options;
        const auto* convolution = layer.as<torch::nn::Conv2dImpl>();
        if (convolution == nullptr) {
          if (!recipe.hidden_linear || path != "fc1") return std::nullopt;
          return chosen.strategy(Strategy::kFC);
        }
        if (!recipe.convolutions.has_value()) return std::nullopt;
        chosen.strategy(recipe.convolutions);
        const auto compact = describe(convolution->options);
        if (compact.in_channels == 3 && input_width == InputWidth::kKept) {
          chosen.widths(widths_keeping_input(compact, chosen, path));
        }
        return chosen;
      };
}

}  // namespace expandnet::models
