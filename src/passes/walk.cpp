#include "passes/walk.h"

#include <unordered_set>

#include "base/weight_paths.h"

namespace expandnet {

namespace {

using Visit = std::function<void(const std::string&, torch::nn::Module&)>;

void walk(torch::nn::Module& module, const std::string& path,
          std::unordered_set<const torch::nn::Module*>& seen,
          const Visit& visit) {
  if (!seen.insert(&module).second) return;
  visit(path, module);
  for (const auto& child : module.named_children()) {
    walk(*child.value(), under(path, child.key()), seen, visit);
  }
}

}  // namespace

void walk(torch::nn::Module& model, const Visit& visit) {
  std::unordered_set<const torch::nn::Module*> seen;
  walk(model, "", seen, visit);
}

std::string last_path(
    torch::nn::Module& model,
    const std::function<bool(const torch::nn::Module&)>& is_one) {
  std::string last;
  walk(model, [&](const std::string& path, const torch::nn::Module& module) {
    if (is_one(module)) last = path;
  });
  return last;
}

std::vector<LocatedLayer> expanded_layers(torch::nn::Module& model) {
  std::vector<LocatedLayer> layers;
  walk(model, [&](const std::string& path, torch::nn::Module& module) {
    if (auto* layer = dynamic_cast<ExpandedLayer*>(&module)) {
      layers.push_back({path, layer});
    }
  });
  return layers;
}

}  // namespace expandnet
