#include "tools/expandnet/totals.h"

#include <ATen/core/Tensor.h>
#include <c10/util/StringUtil.h>
#include <expandnet/deploy/find_chains.h>
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>

#include "base/text.h"

namespace expandnet::examples {

std::int64_t numbers_in(const Weights& weights) {
  std::int64_t count = 0;
  for (const auto& item : weights.tensors) count += item.second.numel();
  return count;
}

void list_chains(const std::vector<ChainInWeights>& chains) {
  for (const auto& chain : chains) {
    const auto layer = chain.layer.empty() ? "(model)" : chain.layer;
    std::cout << fmt::format("chain {}: {}\n", printable(layer),
                             printable(c10::Join(", ", chain.factors)));
  }
}

void list_left(const Weights& weights,
               const std::vector<ChainInWeights>& chains) {
  for (const auto& sequence : sequences_left(weights, chains)) {
    std::cout << fmt::format(
        "left {0}: no rate gives its widths; if it is a chain, name it by "
        "--chain {0}\n",
        printable(sequence));
  }
}

void list_blocks(const std::vector<ForeignBlock>& blocks) {
  std::map<std::string, std::size_t> generic;  // by the systems' names
  std::size_t own = 0;
  for (const auto& block : blocks) {
    const auto systems = c10::Join(" or ", block.systems);
    if (block.generic) {
      ++generic[systems];
      continue;
    }
    ++own;
    std::cout << fmt::format(
        "block {}: {}\n",
        block.path.empty() ? "(model)" : printable(block.path), systems);
  }
  if (own > 0) {
    std::cout << fmt::format("{} {} of another system found\n", own,
                             own == 1 ? "block" : "blocks");
  }
  for (const auto& [systems, count] : generic) {
    std::cout << fmt::format(
        "{} more {} keys that other modules have, too: of {}, if --system says "
        "so\n",
        count, count == 1 ? "has" : "have", systems);
  }
}

std::string count_of_chains(const std::vector<ChainInWeights>& chains) {
  return fmt::format("{} {}", chains.size(),
                     chains.size() == 1 ? "chain" : "chains");
}

void tell_averages(const NamedTensors& averages) {
  if (averages.empty()) return;
  std::cout << fmt::format(
      "moving averages of {} tensors take the places of folds; --key model "
      "leaves them out\n",
      averages.size());
}

void tell_notes(const std::string& path,
                const std::vector<std::string>& notes) {
  for (const auto& note : notes) {
    std::cout << fmt::format("note: {}: {}\n", path, note);
  }
}

}  // namespace expandnet::examples
