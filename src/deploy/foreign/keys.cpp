#include "deploy/foreign/keys.h"

#include <algorithm>

#include "base/weight_paths.h"

namespace expandnet {

Keys::Keys(const Weights& weights)
    : tensors_(weights.tensors.begin(), weights.tensors.end()) {
  for (const auto& [name, tensor] : tensors_) {
    auto path = name;
    while (!path.empty()) {
      const auto [parent, part] = split_last(path);
      children_[parent].insert(part);
      path = parent;
    }
  }
}

std::vector<std::string> Keys::modules() const {
  std::vector<std::string> paths;
  paths.reserve(children_.size());
  for (const auto& item : children_) paths.push_back(item.first);
  // "a.b" after "a", and not before "a-b".
  const auto depth = [](const std::string& path) {
    return std::count(path.begin(), path.end(), '.');
  };
  std::stable_sort(paths.begin(), paths.end(),
                   [&](const std::string& a, const std::string& b) {
                     return depth(a) < depth(b);
                   });
  return paths;
}

std::vector<std::string> Keys::within(const std::string& module) const {
  std::vector<std::string> names;
  const auto prefix = module.empty() ? module : module + ".";
  for (auto item = tensors_.lower_bound(prefix);
       item != tensors_.end() &&
       item->first.compare(0, prefix.size(), prefix) == 0;
       ++item) {
    names.push_back(item->first);
  }
  return names;
}

}  // namespace expandnet
