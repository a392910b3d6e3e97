#include "trainers/app/runs/layer_strategies.h"

#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "base/weight_paths.h"
#include "command_line/named.h"
#include "passes/target.h"

namespace expandnet::examples {

namespace {

/// Nothing: the layer stays compact.
constexpr Named<std::optional<Strategy>> kLayerStrategies[] = {
    {Strategy::kFC, "fc"},          {Strategy::kCL, "cl"},
    {Strategy::kCK, "ck"},          {Strategy::kOREPA, "orepa"},
    {Strategy::kACB, "acb"},        {Strategy::kRep, "rep"},
    {Strategy::kCLSkip, "cl+skip"}, {Strategy::kCKRep, "ck+rep"},
    {std::nullopt, "none"}};

struct LayerStrategy {
  std::string pattern;
  std::optional<Strategy> strategy;
};

/// Nothing for a text that is none.
std::optional<LayerStrategy> parse(const std::string& text) {
  const auto sign = text.rfind('=');
  if (sign == std::string::npos || sign == 0) return std::nullopt;
  const auto name = text.substr(sign + 1);
  for (const auto& [strategy, known] : kLayerStrategies) {
    if (name == known) return LayerStrategy{text.substr(0, sign), strategy};
  }
  return std::nullopt;
}

std::vector<LayerStrategy> strategies_of(const Settings& settings) {
  std::vector<LayerStrategy> strategies;
  for (const auto& text : settings.strategy) {
    strategies.push_back(parse(text).value());
  }
  return strategies;
}

void check_names_layers(const torch::nn::Module& net,
                        const std::string& pattern) {
  for (const auto& item : net.named_modules()) {
    const bool is_named =
        matches_within(pattern, item.key()) &&
        describe_module(*item.value(), {"--strategy", item.key()}).has_value();
    if (is_named) return;
  }
  std::vector<std::string> children;
  for (const auto& child : net.named_children()) {
    children.push_back(child.key());
  }
  TORCH_CHECK(false,
              error_message("--strategy",
                            "a pattern must name convolutions or linear layers",
                            in_quotes(pattern),
                            "the net has " + c10::Join(", ", children)));
}

}  // namespace

std::string complaint_about_strategy(const std::string& text) {
  if (parse(text)) return "";
  return "must be PATTERN=fc, cl, ck, orepa, acb, rep, cl+skip, ck+rep or "
         "none, got " +
         text;
}

std::optional<Strategy> sum_of_recipe(const std::string& recipe) {
  for (const auto sum : branch_strategies()) {
    const std::string known = name(sum);
    if (recipe == known || recipe == known + "+fc") return sum;
  }
  return std::nullopt;
}

ExpansionOptions expansion_options(const Settings& settings) {
  ExpansionOptions options;
  options.rate(settings.rate);
  options.initial_values(settings.init.values);
  options.narrow(settings.narrows());
  return options;
}

std::function<bool(const std::string& path)> named_by_strategies(
    const Settings& settings) {
  return [strategies = strategies_of(settings)](const std::string& path) {
    return std::any_of(
        strategies.begin(), strategies.end(),
        [&](const auto& one) { return matches_within(one.pattern, path); });
  };
}

Selector with_strategies(const torch::nn::Module& net, Selector usual,
                         const Settings& settings) {
  auto strategies = strategies_of(settings);
  for (const auto& one : strategies) check_names_layers(net, one.pattern);
  return
      [strategies = std::move(strategies), usual = std::move(usual),
       options = expansion_options(settings)](
          const std::string& path,
          const torch::nn::Module& layer) -> std::optional<ExpansionOptions> {
        const auto last = std::find_if(
            strategies.rbegin(), strategies.rend(),
            [&](const auto& one) { return matches_within(one.pattern, path); });
        if (last == strategies.rend()) return usual(path, layer);
        if (!last->strategy) return std::nullopt;
        auto chosen = options;
        return chosen.strategy(last->strategy);
      };
}

}  // namespace expandnet::examples
