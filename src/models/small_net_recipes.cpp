#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>
#include <expandnet/fold/plan.h>
#include <expandnet/models/small_net_recipes.h>
#include <expandnet/nn/describe.h>
#include <torch/nn/modules/conv.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "fold/presets.h"

namespace expandnet::models {

namespace {

struct Recipe {
  std::string name;
  std::optional<Strategy> convolutions;
  bool hidden_linear = false;
};

const std::vector<Recipe>& recipes() {
  static const auto all = [] {
    std::vector<Recipe> result = {{"none", std::nullopt, false},
                                  {"fc", std::nullopt, true}};
    for (const auto& [name, strategy] :
         {std::pair{"cl", Strategy::kCL}, std::pair{"ck", Strategy::kCK}}) {
      result.push_back({name, strategy, false});
      result.push_back({std::string(name) + "+fc", strategy, true});
    }
    for (const auto strategy : branch_strategies()) {
      result.push_back({name(strategy), strategy, false});
      result.push_back({std::string(name(strategy)) + "+fc", strategy, true});
    }
    return result;
  }();
  return all;
}

/// The strategy of the chain whose widths the options set: that of a branch, of
/// a sum that has one.
std::optional<Strategy> chain_of(Strategy strategy) {
  switch (strategy) {
    case Strategy::kCLSkip:
      return Strategy::kCL;
    case Strategy::kCKRep:
      return Strategy::kCK;
    case Strategy::kOREPA:
    case Strategy::kACB:
    case Strategy::kRep:
      return std::nullopt;
    default:
      return strategy;
  }
}

/// The widths that `options` give `layer`, but the first is its input's.
std::vector<std::int64_t> widths_keeping_input(const CompactLayer& layer,
                                               ExpansionOptions options,
                                               Strategy strategy,
                                               const std::string& path) {
  options.strategy(strategy);
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

  return [=, recipe = *recipe](const std::string& path,
                               const torch::nn::Module& layer)
             -> std::optional<ExpansionOptions> {
    auto chosen = options;
    const auto* convolution = layer.as<torch::nn::Conv2dImpl>();
    if (convolution == nullptr) {
      if (!recipe.hidden_linear || path != "fc1") return std::nullopt;
      return chosen.strategy(Strategy::kFC);
    }
    if (!recipe.convolutions.has_value()) return std::nullopt;
    const auto compact = describe(convolution->options);
    // As the default strategy does, a sum leaves out what it does not fit.
    if (!is_chain(*recipe.convolutions) &&
        !fits(*recipe.convolutions, compact)) {
      return std::nullopt;
    }
    chosen.strategy(recipe.convolutions);
    const auto chain = chain_of(*recipe.convolutions);
    if (chain && compact.in_channels == 3 && input_width == InputWidth::kKept) {
      chosen.widths(widths_keeping_input(compact, chosen, *chain, path));
    }
    return chosen;
  };
}

}  // namespace expandnet::models
