#include "deploy/containers.h"

#include "base/weight_paths.h"

namespace expandnet {

bool ModuleInFile::is_factor() const {
  return affine.weight.defined() && affine.weight.dim() >= 2 &&
         others.empty() && affine.weight.is_floating_point() &&
         (!affine.bias.defined() ||
          affine.bias.sizes() == affine.weight.sizes().slice(0, 1));
}

bool ModuleInFile::is_parametrized() const {
  for (const auto* name :
       {"weight_g", "weight_v", "weight_orig", "parametrizations"}) {
    if (others.count(name) != 0) return true;
  }
  return false;
}

std::map<std::string, Container> containers_of(const Weights& weights) {
  std::map<std::string, ModuleInFile> modules;
  std::map<std::string, Container> containers;
  for (const auto& [name, tensor] : weights.tensors) {
    const auto [path, kind] = split_last(name);
    auto& module = modules[path];
    if (kind == "weight") {
      module.affine.weight = tensor;
    } else if (kind == "bias") {
      module.affine.bias = tensor;
    } else {
      module.others.insert(kind);
    }
    // Up the path: a module within an entry makes it more than a layer, and
    // what has a name instead of a number is no entry.
    auto child = path;
    std::string below;  // the part of the path under `child`
    while (!child.empty()) {
      const auto [parent, part] = split_last(child);
      auto& container = containers[parent];
      if (!is_index(part)) {
        container.others.insert(part);
      } else if (auto& entry = container.entries[std::stoll(part)];
                 child != path) {
        entry.others.insert(below);
      }
      child = parent;
      below = part;
    }
    containers[path].others.insert(kind);  // the tensor itself
    containers[path].tensors[kind] = tensor;
  }
  for (auto& [path, container] : containers) {
    for (auto& [index, entry] : container.entries) {
      const auto found = modules.find(under(path, std::to_string(index)));
      if (found == modules.end()) continue;
      entry.affine = found->second.affine;
      entry.others.insert(found->second.others.begin(),
                          found->second.others.end());
    }
  }
  return containers;
}

}  // namespace expandnet
