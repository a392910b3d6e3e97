#include "deploy/containers.h"

#include "base/weight_paths.h"

namespace expandnet {

bool ModuleInFile::is_factor() const {
  return affine.weight.defined() && affine.weight.dim() >= 2 && !others &&
         affine.weight.is_floating_point() &&
         (!affine.bias.defined() ||
          affine.bias.sizes() == affine.weight.sizes().slice(0, 1));
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
      module.others = true;
    }
    // Up the path: a module within an entry makes it more than a layer, and
    // what has a name instead of a number is no entry.
    auto child = path;
    while (!child.empty()) {
      const auto [parent, part] = split_last(child);
      auto& container = containers[parent];
      if (!is_index(part)) {
        container.others = true;
      } else if (auto& entry = container.entries[std::stoll(part)];
                 child != path) {
        entry.others = true;
      }
      child = parent;
    }
    containers[path].others = true;  // the tensor itself
  }
  for (auto& [path, container] : containers) {
    for (auto& [index, entry] : container.entries) {
      const auto found = modules.find(under(path, std::to_string(index)));
      if (found == modules.end()) continue;
      entry.affine = found->second.affine;
      entry.others = entry.others || found->second.others;
    }
  }
  return containers;
}

}  // namespace expandnet
