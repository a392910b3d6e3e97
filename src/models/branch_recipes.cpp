#include "models/branch_recipes.h"

namespace expandnet::models {

std::vector<std::string> with_branch_recipes(std::vector<std::string> names) {
  for (const auto strategy : branch_strategies()) {
    if (strategy != Strategy::kCKRep) names.emplace_back(name(strategy));
  }
  return names;
}

std::optional<Strategy> branch_recipe(const std::string& name) {
  for (const auto strategy : branch_strategies()) {
    if (strategy != Strategy::kCKRep && expandnet::name(strategy) == name) {
      return strategy;
    }
  }
  return std::nullopt;
}

}  // namespace expandnet::models
