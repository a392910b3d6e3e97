#include "deploy/no_chains.h"

#include <c10/util/StringUtil.h>
#include <expandnet/deploy/foreign_blocks.h>

#include <set>
#include <vector>

#include "deploy/foreign/batch_norm_pairs.h"

namespace expandnet {

std::string remedies_without_chains(const Weights& weights, bool by_shape) {
  std::vector<std::string> remedies;
  if (by_shape) {
    remedies = {"name the chains with --chain"};
  } else {
    remedies = {"name them with --chain", "allow the search with --by-shape"};
  }
  const Keys keys(weights);
  std::set<std::string> systems, within_blocks;
  for (const auto& block : find_foreign_blocks(weights)) {
    systems.insert(block.systems.begin(), block.systems.end());
    const auto names = keys.within(block.path);
    within_blocks.insert(names.begin(), names.end());
  }
  if (!systems.empty()) {
    remedies.push_back("fold blocks of " + c10::Join(" or ", systems) +
                       " with --system");
  }
  if (!batch_norm_pairs(keys, within_blocks).empty()) {
    remedies.emplace_back("fuse BatchNorms into their layers with --fuse-bn");
  }
  const auto last = remedies.back();
  remedies.pop_back();
  return remedies.empty() ? last : c10::Join(", ", remedies) + ", or " + last;
}

}  // namespace expandnet
