#include "deploy/new_paths.h"

#include <algorithm>

#include "base/weight_paths.h"

namespace expandnet {

NewPaths::NewPaths(const std::vector<ChainInWeights>& chains) {
  for (const auto& chain : chains) {
    if (!chain.whole) by_container_[chain.container].push_back(&chain);
  }
}

std::string NewPaths::of(const std::string& path) const {
  std::string before, after;  // the path so far, and what has become of it
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const auto end = std::min(path.find('.', begin), path.size());
    auto part = path.substr(begin, end - begin);
    const auto shifted = by_container_.find(before);
    before = under(before, part);
    if (shifted != by_container_.end() && is_index(part)) {
      auto index = std::stoll(part);
      for (const auto* chain : shifted->second) {
        if (std::stoll(part) > chain->last) index -= chain->last - chain->first;
      }
      part = std::to_string(index);
    }
    after = under(after, part);
    begin = end + 1;
  }
  return after;
}

}  // namespace expandnet
